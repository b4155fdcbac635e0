/// Tells from the beginning of a text how it is divided into records.
enum TextSniffing {
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) }

  /// The UTF-8 byte order mark.
  static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// What ends a line of JSON lines: a carriage return if there is no line feed anywhere.
  static func lineEnd(of head: UnsafeBufferPointer<UInt8>) -> UInt8 {
    head.contains(0x0a) || !head.contains(0x0d) ? 0x0a : 0x0d
  }

  /// Whether a text that begins with a bracket could be JSON, by what comes next.
  static func looksLikeJSON(_ head: UnsafeBufferPointer<UInt8>, from first: Int) -> Bool {
    guard let next = head[(first + 1)...].first(where: { !isSpace($0) }) else { return true }
    if head[first] == 0x7b { return next == 0x22 || next == 0x7d }
    switch next {
    case 0x7b, 0x5b, 0x5d, 0x22, 0x2d, 0x30...0x39: return true
    default: return ["true", "false", "null"].contains { $0.utf8.first == next }
    }
  }

  /// Whether the text is JSON values spread over lines, and not one value a line: none of the first lines is a value by
  /// itself, but the first value that ends is one.
  static func isOneDocumentOverLines(
    _ head: UnsafeBufferPointer<UInt8>, isWhole: Bool, parser: JSONParser
  ) -> Bool {
    let lines = firstLines(head, isWhole: isWhole)
    for record in lines where head[record.start] == UInt8(ascii: "{") {
      let isIndented = record.start > 0 && head[record.start - 1] != 0x0a && head[record.start - 1] != 0x0d
      if !isIndented, isValue(head, record, parser) { return false }
      // Several whole values on a line: lines that were put together without a line end.
      let bytes = UnsafeBufferPointer(rebasing: head[record.start..<(record.start + record.count)])
      if !isIndented, JoinedLines.pieces(of: bytes, parser).count > 1 { return false }
    }
    var elements = ElementSplitter(isArray: false)
    var values = FoundRecords(recordLimit: .max)
    elements.split(head, atEnd: isWhole, limit: 1, into: &values)
    // A document longer than the head never ends in it: then several lines without a value decide.
    guard let value = values.records.first else { return !isWhole && lines.count > 1 }
    return isValue(head, value, parser)
  }

  /// Whether each line is an array by itself, and not the text one array: the first line is a whole one, and another
  /// follows.
  static func isArrayOnEachLine(
    _ head: UnsafeBufferPointer<UInt8>, isWhole: Bool, parser: JSONParser
  ) -> Bool {
    let lines = firstLines(head, isWhole: isWhole)
    guard lines.count > 1, isValue(head, lines[0], parser) else { return false }
    return lines.dropFirst().contains { head[$0.start] == UInt8(ascii: "[") && isValue(head, $0, parser) }
  }

  private static func firstLines(_ head: UnsafeBufferPointer<UInt8>, isWhole: Bool) -> [InputBlock.Record] {
    var lines = LineSplitter(lineEnd: lineEnd(of: head))
    var found = FoundRecords(recordLimit: .max)
    lines.split(head, atEnd: isWhole, limit: 100, into: &found)
    return found.records
  }

  private static func isValue(
    _ head: UnsafeBufferPointer<UInt8>, _ record: InputBlock.Record, _ parser: JSONParser
  ) -> Bool {
    let bytes = UnsafeBufferPointer(rebasing: head[record.start..<(record.start + record.count)])
    return (try? parser.parse(bytes)) != nil
  }
}
