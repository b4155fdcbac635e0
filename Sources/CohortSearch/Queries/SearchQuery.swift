/// What is searched for.
///
/// ```text
/// prime numbers           both words, in any place
/// "prime numbers"         the words one behind the other
/// prim*                   words that begin so
/// cats OR dogs            one of them
/// python NOT snake        the first without the second
/// ```
///
/// All else is text. What stands together without white space is a phrase: `foo(bar)`, `a:b` and `don't` look for their
/// words one behind the other. An operator without something on both sides, a quotation mark that is alone and a star that is
/// not behind a word are text as well, so no query is wrong. NOT binds more tightly than AND (which may be left out), and AND
/// more tightly than OR; there are no parentheses.
package struct SearchQuery: Hashable, Sendable {
  /// Words one behind the other.
  package struct Phrase: Hashable, Sendable {
    /// Folded, as `Words` has them.
    var words: [[UInt8]]
    /// Whether the last word may go on.
    var isOpen: Bool

    /// As FTS5 takes it. Words are letters, digits and what is beyond ASCII, so nothing needs to be escaped.
    package var expression: String {
      let text = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
      return isOpen ? "\"\(text)\" *" : "\"\(text)\""
    }
  }

  /// Phrases, by their places in `phrases`, that a text must hold, and those that it must not.
  package struct Alternative: Hashable, Sendable {
    package var all: [Int] = []
    package var none: [Int] = []
  }

  /// Each once, in the order in which they come first.
  package private(set) var phrases: [Phrase] = []
  /// A text has to fulfil one of them. Without any, nothing is found.
  package private(set) var alternatives: [Alternative] = []

  /// The most bytes of UTF-8 that a query may have.
  package static let mostBytes = 4096

  /// Reads a query; there is none that cannot be read.
  package init(_ text: String) {
    let pieces = Self.pieces(of: text)
    var isNegated = false
    var current = Alternative()
    var index = 0
    var hasOperand = false
    while index < pieces.count {
      defer { index += 1 }
      if hasOperand, index + 1 < pieces.count, let word = pieces[index].operation {
        switch word {
        case .and:
          // `a AND NOT b` is what many write.
          if pieces[index + 1].operation == .not, index + 2 < pieces.count {
            isNegated = true
            index += 1
          }
        case .not: isNegated = true
        case .or:
          finish(&current)
        }
        hasOperand = false
        continue
      }
      hasOperand = true
      if let phrase = pieces[index].phrase {
        let place = place(of: phrase)
        if isNegated {
          if !current.none.contains(place) { current.none.append(place) }
        } else if !current.all.contains(place) {
          current.all.append(place)
        }
      }
      isNegated = false
    }
    finish(&current)
  }

  /// The phrases that texts are ranked by: all but those that texts must not hold.
  package var ranked: [Int] {
    let wanted = Set(alternatives.flatMap(\.all))
    return phrases.indices.filter(wanted.contains)
  }

  /// Without a phrase that it must hold, an alternative would be all other texts: nobody means that.
  private mutating func finish(_ alternative: inout Alternative) {
    if !alternative.all.isEmpty, !alternatives.contains(alternative) { alternatives.append(alternative) }
    alternative = Alternative()
  }

  private mutating func place(of phrase: Phrase) -> Int {
    if let known = phrases.firstIndex(of: phrase) { return known }
    phrases.append(phrase)
    return phrases.count - 1
  }

  // MARK: Pieces

  private enum Operation { case and, or, not }

  private struct Piece {
    var text: Substring
    /// Between quotation marks, so it is no operator.
    var isQuoted: Bool
    /// A star behind the closing quotation mark.
    var isStarred: Bool

    var operation: Operation? {
      guard !isQuoted else { return nil }
      switch text {
      case "AND": return .and
      case "OR": return .or
      case "NOT": return .not
      default: return nil
      }
    }

    /// Nil for a piece without a word.
    var phrase: Phrase? {
      var utf8 = String(text)
      var words = Words()
      utf8.withUTF8 { words.add(UnsafeRawBufferPointer($0)) }
      guard words.count > 0 else { return nil }
      var phrase = Phrase(words: words.ends.indices.map { Array(words.bytes[words.range($0)]) }, isOpen: isOpen)
      // The text may go on where a run ends here.
      if words.lastRun > 1 {
        phrase.words.removeLast()
        phrase.isOpen = false
      } else if words.lastRun == 1 {
        phrase.isOpen = true
      }
      return phrase
    }

    private var isOpen: Bool {
      guard !isQuoted else { return isStarred }
      let word = text.unicodeScalars.reversed().drop { $0 == "*" }
      guard text.last == "*", let last = word.first else { return false }
      var isWord = false
      FoldTable.shared.forEach(of: last.value) { _, kind in isWord = kind != .separator }
      return isWord
    }
  }

  /// What white space and pairs of quotation marks divide a query into.
  private static func pieces(of text: String) -> [Piece] {
    var pieces: [Piece] = []
    var rest = text[...]
    while true {
      rest = rest.drop { $0.isWhitespace }
      guard !rest.isEmpty else { return pieces }
      if rest.first == "\"", let close = rest.dropFirst().firstIndex(of: "\"") {
        let inner = rest[rest.index(after: rest.startIndex)..<close]
        rest = rest[rest.index(after: close)...]
        pieces.append(Piece(text: inner, isQuoted: true, isStarred: rest.first == "*"))
        continue
      }
      var end = rest.index(after: rest.startIndex)
      while end < rest.endIndex, !rest[end].isWhitespace {
        // A quotation mark that is closed later begins something new.
        if rest[end] == "\"", rest[rest.index(after: end)...].contains("\"") { break }
        end = rest.index(after: end)
      }
      pieces.append(Piece(text: rest[..<end], isQuoted: false, isStarred: false))
      rest = rest[end...]
    }
  }
}
