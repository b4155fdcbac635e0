/// A manual page as text, for terminals without the program `man`: the few requests that `RoffText` writes.
struct PlainPage {
  private(set) var text = ""
  private var isExample = false
  private var isTag = false
  /// Words of a paragraph that is not ended.
  private var words: [Substring] = []
  private var indent = 0
  private let columns: Int

  /// - Parameter columns: of the terminal; lines are broken there, but for examples.
  init(_ roff: String, columns: Int) {
    self.columns = max(columns, 40)
    for line in roff.split(separator: "\n", omittingEmptySubsequences: false) { take(line) }
    endParagraph()
  }

  private mutating func take(_ line: Substring) {
    guard line.first == "." else {
      let plain = Self.plain(line)
      if isExample {
        text += String(repeating: " ", count: indent) + plain + "\n"
      } else if isTag {
        text += "    " + plain + "\n"
        (isTag, indent) = (false, 8)
      } else {
        words += plain.split(separator: " ")
      }
      return
    }
    endParagraph()
    let request = line.dropFirst().prefix { $0 != " " }
    switch request {
    case "SH":
      let title = Self.plain(line.dropFirst(request.count + 2)).filter { $0 != "\"" }
      text += (text.isEmpty ? "" : "\n") + title + "\n"
      indent = 4
    case "TP": isTag = true
    case "PP": text += "\n"
    case "nf": isExample = true
    case "fi": isExample = false
    default: break
    }
  }

  private mutating func endParagraph() {
    var line = ""
    for word in words {
      if !line.isEmpty, indent + TerminalText.width(line) + 1 + TerminalText.width(String(word)) > columns {
        text += String(repeating: " ", count: indent) + line + "\n"
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    if !line.isEmpty { text += String(repeating: " ", count: indent) + line + "\n" }
    words = []
  }

  /// Without fonts, and with escapes as what they stand for.
  private static func plain(_ line: Substring) -> String {
    var text = String(line)
    for (escape, plain) in [
      ("\\fB", ""), ("\\fI", ""), ("\\fR", ""), ("\\&", ""), ("\\-", "-"), ("\\(em", "\u{2014}"), ("\\(dq", "\""),
      ("\\e", "\\"),
    ] { text = text.replacing(escape, with: plain) }
    return text
  }
}
