internal import CohortCore

/// Texts of strangers in HTML, XML and scripts.
package enum MarkupText {
  /// As text or as a quoted attribute of HTML or XML. What XML forbids becomes U+FFFD, ends of lines and tabs a space.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\r", "\t": result += " "
      case "\u{fffe}", "\u{ffff}": result += "\u{fffd}"
      default: result.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{fffd}" : scalar)
      }
    }
    return result
  }

  /// Appends a JSON string that can stand in a script element: it holds no `<`, `>` or `&`, so that nothing in it ends the
  /// element or begins a comment.
  static func appendJSON(_ text: String, to bytes: inout [UInt8]) {
    let start = bytes.count
    JSONString.append(text, .lines, to: &bytes)
    guard bytes[start...].contains(where: { Self.isMarkup($0) }) else { return }
    let quoted = Array(bytes[start...])
    bytes.removeSubrange(start...)
    for byte in quoted {
      switch byte {
      case UInt8(ascii: "<"): bytes += "\\u003c".utf8
      case UInt8(ascii: ">"): bytes += "\\u003e".utf8
      case UInt8(ascii: "&"): bytes += "\\u0026".utf8
      default: bytes.append(byte)
      }
    }
  }

  private static func isMarkup(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "&")
  }

  /// At most so many characters, and at most four times as many bytes: a character may have any number of marks.
  static func clipped(_ text: String, to characters: Int) -> String {
    if text.utf8.count <= characters { return text }
    var (kept, bytes, result) = (0, 0, "")
    for character in text {
      bytes += character.utf8.count
      if kept == characters || bytes > 4 * characters { return result + "…" }
      kept += 1
      result.append(character)
    }
    return result
  }
}
