/// Tells from the beginning of a text how it is divided into records.
enum TextSniffing {
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) }

  /// The UTF-8 byte order mark.
  static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// - Parameters:
  ///   - head: the first bytes, without a byte order mark.
  ///   - isWhole: these are all bytes.
  /// - Returns: nil for bytes that are no text.
  static func format(
    of head: UnsafeBufferPointer<UInt8>, isWhole: Bool, name: FileName, parser: JSONParser
  ) -> IngestionOptions.TextFormat? {
    guard let first = head.firstIndex(where: { !isSpace($0) }) else { return name.format ?? .lines }
    switch head[first] {
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "{"): return isOneDocumentOverLines(head, isWhole: isWhole, parser: parser) ? .documents : .lines
    default:
      if let known = name.format { return known }
      if head.prefix(4096).contains(0) { return nil }
      return separator(of: head, name: name) == 0x09 ? .tsv : .csv
    }
  }

  /// Comma, or tab if the first line has tabs and no comma.
  static func separator(of head: UnsafeBufferPointer<UInt8>, name: FileName) -> UInt8 {
    if name.format == .tsv { return 0x09 }
    if name.format == .csv { return 0x2c }
    let line = head.prefix { $0 != 0x0a }
    return line.contains(0x09) && !line.contains(0x2c) ? 0x09 : 0x2c
  }

  /// Whether the text is JSON values spread over lines, and not one value a line: none of the first lines is a value by
  /// itself, but the first value that ends is one.
  private static func isOneDocumentOverLines(
    _ head: UnsafeBufferPointer<UInt8>, isWhole: Bool, parser: JSONParser
  ) -> Bool {
    var lines = LineSplitter()
    var found = FoundRecords(recordLimit: .max)
    lines.split(head, atEnd: isWhole, limit: 100, into: &found)
    for record in found.records where head[record.start] == UInt8(ascii: "{") {
      let isIndented = record.start > 0 && head[record.start - 1] != 0x0a && head[record.start - 1] != 0x0d
      if !isIndented, isValue(head, record, parser) { return false }
    }
    var elements = ElementSplitter(isArray: false)
    var values = FoundRecords(recordLimit: .max)
    elements.split(head, atEnd: isWhole, limit: 1, into: &values)
    // A document longer than the head never ends in it: then several lines without a value decide.
    guard let value = values.records.first else { return !isWhole && found.records.count > 1 }
    return isValue(head, value, parser)
  }

  private static func isValue(
    _ head: UnsafeBufferPointer<UInt8>, _ record: InputBlock.Record, _ parser: JSONParser
  ) -> Bool {
    let bytes = UnsafeBufferPointer(rebasing: head[record.start..<(record.start + record.count)])
    return (try? parser.parse(bytes)) != nil
  }
}
