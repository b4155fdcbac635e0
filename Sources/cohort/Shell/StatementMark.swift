/// The line of a statement that is wrong, with a mark under the place.
///
/// ```
///   SELEC 2;
///   ^
/// ```
struct StatementMark {
  let text: String

  /// - Parameters:
  ///   - offset: bytes before the place.
  ///   - columns: of the terminal; a longer line is cut on both sides.
  /// - Returns: nil where the statement has no such place.
  init?(_ statement: String, offset: Int, columns: Int) {
    let bytes = Array(statement.utf8)
    guard (0...bytes.count).contains(offset) else { return nil }
    let newline = UInt8(ascii: "\n")
    let start = bytes[..<offset].lastIndex(of: newline).map { $0 + 1 } ?? 0
    let end = bytes[offset...].firstIndex(of: newline) ?? bytes.count
    var before = TerminalText.line(String(decoding: bytes[start..<offset], as: UTF8.self))
    let after = TerminalText.line(String(decoding: bytes[offset..<end], as: UTF8.self))
    let room = max(columns - 4, 20)
    if TerminalText.width(before) > room / 2 {
      while TerminalText.width(before) > room / 2 { before.removeFirst() }
      before = "…" + before
    }
    let line = before + TerminalText.cut(after, to: room - TerminalText.width(before))
    text = "  \(line)\n  \(String(repeating: " ", count: TerminalText.width(before)))^\n"
  }
}
