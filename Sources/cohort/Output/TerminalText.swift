/// Makes text that somebody else wrote harmless to a terminal: no control sequence, no reordering of what is shown, nothing
/// that cannot be seen. What would do that is shown by its number: `<U+202E>`.
enum TerminalText {
  /// One line: line breaks and tabs become spaces.
  static func line(_ text: String) -> String { clean(text) { $0 == "\n" || $0 == "\r" || $0 == "\t" ? " " : nil } }

  /// Several lines: line breaks and tabs stay.
  static func block(_ text: String) -> String { clean(text) { $0 == "\n" || $0 == "\t" ? $0 : nil } }

  /// C0 and C1 controls; what reorders text (marks, embeddings, overrides and isolates) and what has no width.
  private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x061c, 0x180e, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff,
      0xe0000...0xe0fff:
      true
    default: false
    }
  }

  private static func clean(_ text: String, _ instead: (Unicode.Scalar) -> Unicode.Scalar?) -> String {
    guard text.unicodeScalars.contains(where: isHarmful) else { return text }
    var result = String.UnicodeScalarView()
    let scalars = text.unicodeScalars
    for index in scalars.indices {
      let scalar = scalars[index]
      let next = scalars.index(after: index)
      let following = next < scalars.endIndex ? scalars[next] : nil
      if !isHarmful(scalar) || isJoiner(scalar, after: result.last, before: following) {
        result.append(scalar)
      } else if scalar == "\r", following == "\n" {
        continue
      } else if let replacement = instead(scalar) {
        result.append(replacement)
      } else {
        result.append(contentsOf: shown(scalar).unicodeScalars)
      }
    }
    return String(result)
  }

  /// Whether a joiner is part of how something is written: Persian, scripts of India, emoji of several parts. Between
  /// letters of ASCII it only hides.
  private static func isJoiner(
    _ scalar: Unicode.Scalar, after before: Unicode.Scalar?, before after: Unicode.Scalar?
  ) -> Bool {
    guard scalar == "\u{200c}" || scalar == "\u{200d}", let before, let after else { return false }
    return before.value >= 0x300 && after.value >= 0x300 && !isHarmful(before) && !isHarmful(after)
  }

  private static func shown(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "<U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)>"
  }

  /// The columns that text takes on a terminal: two for wide East Asian characters and emoji, none for marks.
  static func width(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.unicodeScalars.reduce(0) { $0 + width($1) }
  }

  /// By general category, and by the blocks that UAX #11 (East Asian Width) calls wide or full-width.
  private static func width(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x4dbf, 0x4e00...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3,
      0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x17000...0x18cff, 0x20000...0x3fffd:
      return 2
    default: return scalar.properties.isEmojiPresentation ? 2 : 1
    }
  }

  /// The text cut to some columns, with an ellipsis when something is left out.
  static func cut(_ text: String, to columns: Int) -> String {
    guard width(text) > columns else { return text }
    guard columns > 0 else { return "" }
    var result = ""
    var used = 1
    for character in text {
      let next = width(String(character))
      guard used + next <= columns else { break }
      result.append(character)
      used += next
    }
    return result + "…"
  }
}
