/// How a text is a table: what stands between its columns, what ends its rows, and whether quotation marks mean anything.
struct TableForm: Hashable, Sendable {
  /// What a line is when it is read as a row by itself.
  struct Row: Equatable {
    var columns: Int
    /// The last field begins with a quotation mark that is not closed.
    var isOpen = false
    /// Text follows a closing quotation mark.
    var isMalformed = false
  }

  var separator: UInt8 = 0x2c
  /// A line feed, or a carriage return where rows end in one alone.
  var lineEnd: UInt8 = 0x0a
  var isQuoted = true

  /// Counts the columns of a row, which may lie on several lines.
  func row(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Row {
    var row = Row(columns: 1)
    var position = bytes.startIndex
    while position < bytes.endIndex {
      if isQuoted, bytes[position] == 0x22 {
        position += 1
        row.isOpen = true
        while position < bytes.endIndex {
          if bytes[position] != 0x22 {
            position += 1
          } else if position + 1 < bytes.endIndex, bytes[position + 1] == 0x22 {
            position += 2
          } else {
            position += 1
            row.isOpen = false
            break
          }
        }
        if row.isOpen { return row }
        let isEnd = position == bytes.endIndex || bytes[position] == separator
        if !isEnd, bytes[position] != 0x0d || position + 1 < bytes.endIndex { row.isMalformed = true }
      }
      while position < bytes.endIndex, bytes[position] != separator { position += 1 }
      if position == bytes.endIndex { return row }
      row.columns += 1
      position += 1
    }
    return row
  }

  /// The first rows of a text, without the last one if the text goes on behind it.
  func rows(
    of head: UnsafeBufferPointer<UInt8>, isWhole: Bool, limit: Int
  ) -> (rows: [Slice<UnsafeBufferPointer<UInt8>>], rest: Int) {
    var splitter = TableSplitter(self)
    var found = FoundRecords(recordLimit: .max)
    splitter.split(head, atEnd: isWhole, limit: limit, into: &found)
    return (found.records.map { head[$0.start..<($0.start + $0.count)] }, head.count - splitter.openStart)
  }

  /// A separator in words.
  static func name(of separator: UInt8) -> String {
    separator == 0x09 ? "tabs" : "'\(Character(UnicodeScalar(separator)))'"
  }
}
