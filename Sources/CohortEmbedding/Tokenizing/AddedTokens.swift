/// Tokens that are found in the text before anything else happens to it: `added_tokens` of `tokenizer.json`.
struct AddedTokens: Sendable {
  struct Token: Sendable {
    var id: UInt32
    /// Only where no word character touches it.
    var isSingleWord: Bool
    /// Takes the white space on its left or right with it.
    var stripsLeft: Bool
    var stripsRight: Bool
  }

  /// A part of a text, and the token it is.
  struct Part {
    var range: Range<Int>
    var id: UInt32?
  }

  private var tokens: [Token] = []
  /// Contents; an id here is an index into `tokens`.
  private let contents: UnsafeVocabulary
  /// By the first byte: the lengths that occur, longest first.
  private var lengths: [[Int]] = Array(repeating: [], count: 256)

  init(_ all: [(content: [UInt8], token: Token)]) {
    contents = UnsafeVocabulary(tokens: all.count)
    for (content, token) in all where !content.isEmpty {
      content.withUnsafeBufferPointer { contents.insert($0, id: UInt32(tokens.count)) }
      tokens.append(token)
      let first = Int(content[0])
      if !lengths[first].contains(content.count) { lengths[first].append(content.count) }
    }
    for first in lengths.indices { lengths[first].sort(by: >) }
  }

  /// Cuts a text at the tokens: leftmost first, then the longest. Parts between tokens come too; empty ones don't.
  func split(_ text: UTF8Text, _ body: (Part) -> Void) {
    guard !text.isEmpty else { return }
    guard !tokens.isEmpty else {
      body(Part(range: 0..<text.count, id: nil))
      return
    }
    var done = 0
    var index = 0
    while let (match, token) = next(in: text, from: index) {
      index = match.upperBound
      var (start, stop) = (match.lowerBound, match.upperBound)
      if token.isSingleWord, touchesWord(match, in: text) { continue }
      if token.stripsLeft {
        while start > done {
          let (scalar, length) = text.scalar(before: start)
          guard UnicodeProperties(scalar).isWhitespace else { break }
          start -= length
        }
        start = max(start, done)
      }
      if token.stripsRight {
        while stop < text.count {
          let (scalar, length) = text.scalar(at: stop)
          guard UnicodeProperties(scalar).isWhitespace else { break }
          stop += length
        }
      }
      if done < start { body(Part(range: done..<start, id: nil)) }
      body(Part(range: min(start, stop)..<stop, id: token.id))
      done = stop
    }
    if done < text.count { body(Part(range: done..<text.count, id: nil)) }
  }

  private func next(in text: UTF8Text, from start: Int) -> (Range<Int>, Token)? {
    lengths.withUnsafeBufferPointer { lengths in
      var index = start
      while index < text.count {
        for length in lengths[Int(text[index])] where index + length <= text.count {
          if let found = contents.id(of: text.part(index..<(index + length))) {
            return (index..<(index + length), tokens[Int(found)])
          }
        }
        index += 1
      }
      return nil
    }
  }

  private func touchesWord(_ match: Range<Int>, in text: UTF8Text) -> Bool {
    if match.lowerBound > 0, UnicodeProperties(text.scalar(before: match.lowerBound).value).isWord { return true }
    return match.upperBound < text.count && UnicodeProperties(text.scalar(at: match.upperBound).value).isWord
  }
}
