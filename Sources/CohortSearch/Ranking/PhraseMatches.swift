/// Where the phrases of a query come in some words.
package struct PhraseMatches {
  /// Of each phrase of the query: the places of its words, ascending, as ranges of words.
  private(set) var places: [[Range<Int>]]

  /// - Complexity: words times phrases.
  package init(_ query: SearchQuery, in words: Words) {
    places = Array(repeating: [], count: query.phrases.count)
    words.bytes.withUnsafeBufferPointer { bytes in
      for index in words.ends.indices {
        let first = words.range(index)
        for (number, phrase) in query.phrases.enumerated() {
          guard Self.fits(phrase.words[0], isOpen: phrase.isOpen && phrase.words.count == 1, bytes, first),
            index + phrase.words.count <= words.ends.count
          else { continue }
          let isWhole = (1..<max(phrase.words.count, 1)).allSatisfy { offset in
            Self.fits(
              phrase.words[offset], isOpen: phrase.isOpen && offset + 1 == phrase.words.count, bytes,
              words.range(index + offset))
          }
          if isWhole { places[number].append(index..<(index + phrase.words.count)) }
        }
      }
    }
  }

  /// How often a phrase comes.
  package func count(_ phrase: Int) -> UInt32 { UInt32(places[phrase].count) }

  /// Whether the words fulfil the query.
  package func fulfil(_ query: SearchQuery) -> Bool {
    query.alternatives.contains { alternative in
      alternative.all.allSatisfy { !places[$0].isEmpty } && alternative.none.allSatisfy { places[$0].isEmpty }
    }
  }

  private static func fits(
    _ wanted: [UInt8], isOpen: Bool, _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) -> Bool {
    guard isOpen ? range.count >= wanted.count : range.count == wanted.count else { return false }
    for (offset, byte) in wanted.enumerated() where bytes[range.lowerBound + offset] != byte { return false }
    return true
  }
}
