/// What a component looks for in a text: a pattern, a fixed text, or single characters of a kind.
enum TextFinder: Sendable {
  case pattern(Pattern)
  case text([UInt8])
  case scalar(UInt32)
  case whitespace
  case punctuation
  case numeric
  /// `\w+|[^\w\s]+` of the regex crate.
  case words

  /// Calls `body` with every match, from left to right; none is empty.
  func forEachMatch(in text: UTF8Text, _ body: (Range<Int>) -> Void) {
    switch self {
    case .pattern(let pattern): pattern.forEachMatch(in: text, body)
    case .text(let wanted):
      guard let first = wanted.first else { return }
      wanted.withUnsafeBufferPointer { wanted in
        guard let start = wanted.baseAddress else { return }
        var index = 0
        while index + wanted.count <= text.count {
          if text[index] == first, text.part(index..<(index + wanted.count)).isEqual(start) {
            body(index..<(index + wanted.count))
            index += wanted.count
          } else {
            index += 1
          }
        }
      }
    case .scalar(let wanted): forEachScalar(of: text, body) { $0 == wanted }
    case .whitespace: forEachScalar(of: text, body) { UnicodeProperties($0).isWhitespace }
    case .punctuation: forEachScalar(of: text, body) { UnicodeProperties($0).isPunctuation }
    case .numeric: forEachScalar(of: text, body) { UnicodeProperties($0).isNumeric }
    case .words: Self.words(of: text, body)
    }
  }

  /// Runs of word characters, and runs of what is neither that nor white space.
  private static func words(of text: UTF8Text, _ body: (Range<Int>) -> Void) {
    var start = 0
    var wasWord: Bool?
    text.forEachScalar { scalar, range in
      let properties = UnicodeProperties(scalar)
      let isWord: Bool? = properties.isWord ? true : properties.isWhitespace ? nil : false
      if isWord != wasWord {
        if wasWord != nil { body(start..<range.lowerBound) }
        (start, wasWord) = (range.lowerBound, isWord)
      }
    }
    if wasWord != nil { body(start..<text.count) }
  }

  @inline(__always)
  private func forEachScalar(of text: UTF8Text, _ body: (Range<Int>) -> Void, where holds: (UInt32) -> Bool) {
    text.forEachScalar { scalar, range in
      if holds(scalar) { body(range) }
    }
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Calls `body` with every scalar and its bytes.
  @inline(__always)
  func forEachScalar(_ body: (UInt32, Range<Int>) -> Void) {
    var index = 0
    while index < count {
      let (scalar, length) = scalar(at: index)
      body(scalar, index..<(index + length))
      index += length
    }
  }
}
