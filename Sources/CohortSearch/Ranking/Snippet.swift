/// The part of a sample's messages in which most of what was searched for stands together.
package enum Snippet {
  /// What stands before and behind each hit.
  package static let mark = "**"
  /// Words of a snippet, and the most bytes of the text that it shows.
  private static let (wordCount, byteCount) = (32, 480)
  /// Words before the first hit.
  private static let lead = 6

  /// Cuts a snippet: white space and controls are single spaces in it, `…` stands for what was cut off.
  /// - Parameters:
  ///   - text: the messages, a byte between two of them.
  ///   - words: theirs, with places.
  /// - Returns: nil when the words do not fulfil the query.
  package static func cut(_ text: UnsafeRawBufferPointer, _ words: Words, _ query: SearchQuery) -> String? {
    let matches = PhraseMatches(query, in: words)
    guard matches.fulfil(query) else { return nil }
    var hits: [(words: Range<Int>, phrase: Int)] = []
    for phrase in query.ranked { hits += matches.places[phrase].map { ($0, phrase) } }
    hits.sort { ($0.words.lowerBound, $0.phrase) < ($1.words.lowerBound, $1.phrase) }
    let first = best(hits)
    let start = max(0, min(first - lead, words.places.count - wordCount))
    let end = min(words.places.count, max(start + wordCount, first + 1))
    guard start < end else { return "" }
    var marked: [Range<Int>] = []
    for hit in hits where hit.words.lowerBound < end && hit.words.upperBound > start {
      let place = words.places[hit.words.lowerBound].lowerBound..<words.places[hit.words.upperBound - 1].upperBound
      if let last = marked.last, last.upperBound >= place.lowerBound {
        marked[marked.count - 1] = last.lowerBound..<max(last.upperBound, place.upperBound)
      } else {
        marked.append(place)
      }
    }
    // To both ends of the text where only punctuation is left, and whole hits.
    var from = start == 0 ? 0 : words.places[start].lowerBound
    if words.places[first].lowerBound - from > byteCount / 2 { from = words.places[first].lowerBound }
    from = min(from, marked.first { $0.contains(from) }?.lowerBound ?? from)
    let to = end == words.places.count ? text.count : words.places[end - 1].upperBound
    return show(text, from..<max(to, from), marked)
  }

  /// The hit from which on most phrases, then most hits, lie within the length of a snippet: its first word.
  private static func best(_ hits: [(words: Range<Int>, phrase: Int)]) -> Int {
    var (best, value) = (hits.first?.words.lowerBound ?? 0, (0, 0))
    var end = 0
    var inside: [Int: Int] = [:]
    for (index, hit) in hits.enumerated() {
      while end < hits.count, hits[end].words.lowerBound < hit.words.lowerBound + wordCount - lead {
        inside[hits[end].phrase, default: 0] += 1
        end += 1
      }
      if (inside.count, end - index) > value { (best, value) = (hit.words.lowerBound, (inside.count, end - index)) }
      inside[hit.phrase, default: 0] -= 1
      if inside[hit.phrase] == 0 { inside[hit.phrase] = nil }
    }
    return best
  }

  private static func show(_ text: UnsafeRawBufferPointer, _ part: Range<Int>, _ marked: [Range<Int>]) -> String {
    var shown = part.lowerBound > 0 ? "…" : ""
    var isSpaced = true
    var marks = marked[...]
    var isMarked = false
    var at = part.lowerBound
    while at < part.upperBound {
      if isMarked, let mark = marks.first, at >= mark.upperBound {
        shown += Self.mark
        isMarked = false
        marks = marks.dropFirst()
      }
      if at - part.lowerBound >= byteCount { break }
      if !isMarked, let mark = marks.first, at >= mark.lowerBound {
        shown += Self.mark
        (isMarked, isSpaced) = (true, false)
      }
      let (scalar, length) = Words.decode(text, at)
      at += length
      let character = scalar.flatMap(Unicode.Scalar.init) ?? "\u{fffd}"
      if character.properties.isWhitespace || character.value < 0x20 || (0x7f...0x9f).contains(character.value) {
        if !isSpaced { shown += " " }
        isSpaced = true
      } else {
        shown.unicodeScalars.append(character)
        isSpaced = false
      }
    }
    if isMarked { shown += Self.mark }
    if shown.last == " " { shown.removeLast() }
    return at < text.count ? shown + "…" : shown
  }
}
