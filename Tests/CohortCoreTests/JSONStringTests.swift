import CohortCore
import Testing

/// One writer of JSON strings: every scalar against the rule that is written down, one at a time and among others.
@Suite struct JSONStringTests {
  /// The rules, once more, scalar by scalar.
  private static func expected(_ text: String, _ escaping: JSONString.Escaping) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      let value = scalar.value
      let isEscaped =
        switch escaping {
        case .required: value < 0x20
        case .lines: value < 0x20 || value == 0x7f || value == 0x2028 || value == 0x2029
        case .terminal:
          value < 0x20 || (0x7f...0x9f).contains(value) || [0x61c, 0x180e, 0xfeff].contains(value)
            || (0x200b...0x200f).contains(value) || (0x2028...0x202e).contains(value)
            || (0x2060...0x206f).contains(value) || (0xe0000...0xe0fff).contains(value)
        }
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        let digits = String(value, radix: 16)
        if isEscaped, value > 0xffff {
          for unit in String(Character(scalar)).utf16 { result += "\\u" + String(unit, radix: 16) }
        } else if isEscaped {
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }

  @Test(arguments: [JSONString.Escaping.required, .lines, .terminal])
  func everyScalarIsWrittenByTheRule(escaping: JSONString.Escaping) {
    var wrong: [UInt32] = []
    let ranges = [UInt32(0)...0x2fff, 0xfe00...0xffff, 0x1f300...0x1f6ff, 0xdff00...0xe1100]
    for value in ranges.joined() {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let text = String(Character(scalar))
      let middle = "a\(text)é"
      if JSONString.quoted(text, escaping) != Self.expected(text, escaping)
        || JSONString.quoted(middle, escaping) != Self.expected(middle, escaping)
        || JSONString.size(of: middle, escaping) != Self.expected(middle, escaping).utf8.count
      {
        wrong.append(value)
      }
    }
    #expect(wrong.isEmpty)
  }

  @Test func anyTextIsWrittenByTheRule() {
    let seed = UInt64.random(in: 0..<1 << 32)
    var random = SplitMix64(seed: seed)
    let scalars: [Unicode.Scalar] = [
      "\u{0}", "\u{8}", "\n", "\u{c}", "\u{1f}", " ", "\"", "/", "\\", "a", "\u{7f}", "\u{80}", "\u{9f}", "\u{a0}",
      "é", "\u{2027}", "\u{2028}", "\u{2029}", "\u{202e}", "\u{202f}", "\u{2065}", "\u{2066}", "\u{2069}", "東", "🦆",
      "\u{200b}",
      "\u{200d}", "\u{feff}", "\u{e0041}", "\u{61c}",
    ]
    for _ in 0..<2_000 {
      var text = ""
      for _ in 0..<Int.random(in: 0..<12, using: &random) {
        text.unicodeScalars.append(scalars[Int.random(in: 0..<scalars.count, using: &random)])
      }
      for escaping in [JSONString.Escaping.required, .lines, .terminal] {
        #expect(JSONString.quoted(text, escaping) == Self.expected(text, escaping), "seed \(seed)")
        #expect(JSONString.size(of: text, escaping) == Self.expected(text, escaping).utf8.count, "seed \(seed)")
        // JSON that is whole already gets what is missing, and nothing twice.
        let encoded = Array(JSONString.quoted(text).utf8)
        var bytes: [UInt8] = []
        encoded.withUnsafeBufferPointer { JSONString.append(encoded: $0, escaping, to: &bytes) }
        #expect(bytes == Array(Self.expected(text, escaping).utf8), "seed \(seed)")
      }
    }
  }
}
