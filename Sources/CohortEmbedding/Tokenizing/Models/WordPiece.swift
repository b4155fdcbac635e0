/// WordPiece: the longest token that begins the word, then the longest that continues it, and so on. A word that cannot
/// be cut this way is unknown as a whole.
struct WordPiece: WordModel {
  let vocabulary: UnsafeVocabulary
  let unknown: UInt32?
  private let unknownID: UInt32
  private let prefix: [UInt8]
  private let longestWord: Int

  /// - Parameter prefix: what continuing tokens begin with in the vocabulary, usually `##`.
  /// - Parameter longestWord: scalars beyond which a word is unknown.
  init(vocabulary: UnsafeVocabulary, unknown: UInt32, prefix: [UInt8], longestWord: Int) {
    self.vocabulary = vocabulary
    self.unknown = unknown
    unknownID = unknown
    self.prefix = prefix
    self.longestWord = longestWord
  }

  func encode(_ word: UTF8Text, into ids: inout UnsafeGrowingBuffer<UInt32>, scratch: inout ModelScratch) {
    let before = ids.count
    guard word.count <= longestWord || word.scalarCount <= longestWord else {
      ids.append(unknownID)
      return
    }
    var start = 0
    while start < word.count {
      guard let (id, length) = longestToken(of: word, from: start, scratch: &scratch) else {
        ids.truncate(to: before)
        ids.append(unknownID)
        return
      }
      ids.append(id)
      start += length
    }
  }

  /// The longest token at `start`, and how many of the word's bytes it covers.
  private func longestToken(of word: UTF8Text, from start: Int, scratch: inout ModelScratch) -> (UInt32, Int)? {
    var candidate = UTF8Text(rebasing: word[start...])
    if start > 0 {
      scratch.bytes.removeAll()
      prefix.withUnsafeBufferPointer { scratch.bytes.append(contentsOf: $0) }
      scratch.bytes.append(contentsOf: candidate)
      candidate = scratch.bytes.view
    }
    let least = start > 0 ? prefix.count : 0
    var length = candidate.count
    if length > vocabulary.longest {
      length = vocabulary.longest
      while length > least, candidate[length] & 0xc0 == 0x80 { length -= 1 }
    }
    while length > least {
      if let id = vocabulary.id(of: candidate.part(0..<length)) {
        return (id, length - least)
      }
      length -= candidate.scalar(before: length).length
    }
    return nil
  }
}
