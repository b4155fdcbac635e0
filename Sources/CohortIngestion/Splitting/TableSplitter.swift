/// The rows of a CSV or TSV text (RFC 4180): quoted fields may hold separators, line ends and doubled quotation marks.
/// Empty lines are no rows. A row's number is the line it starts on.
///
/// An own splitter, because the record must be found in a stream with bounded memory and keep its line number and its
/// raw bytes; SwiftCSV takes the whole text as one `String` and gives neither.
struct TableSplitter: RecordSplitter {
  private enum State { case fieldStart, bare, quoted, quoteInQuoted }

  var position = 0
  var openStart = 0
  var dropped: UInt64 = 0
  private var openLine: UInt64 = 1
  private var line: UInt64 = 1
  private var state = State.fieldStart
  let separator: UInt8

  init(separator: UInt8) { self.separator = separator }

  mutating func split(
    _ bytes: UnsafeBufferPointer<UInt8>, atEnd: Bool, limit: Int, into found: inout FoundRecords
  ) {
    while position < bytes.count, found.records.count < limit {
      let byte = bytes[position]
      position += 1
      switch state {
      case .quoted:
        if byte == 0x22 { state = .quoteInQuoted } else if byte == 0x0a { line += 1 }
      case .quoteInQuoted where byte == 0x22: state = .quoted
      case .fieldStart where byte == 0x22: state = .quoted
      default:
        if byte == 0x0a {
          line += 1
          close(bytes, end: position - 1, into: &found)
        } else {
          state = byte == separator ? .fieldStart : .bare
        }
      }
    }
    if atEnd, position == bytes.count, openStart < position || dropped > 0, found.records.count < limit {
      close(bytes, end: bytes.count, into: &found)
    }
  }

  private mutating func close(_ bytes: UnsafeBufferPointer<UInt8>, end: Int, into found: inout FoundRecords) {
    var end = end
    if end > openStart, bytes[end - 1] == 0x0d { end -= 1 }
    if end > openStart || dropped > 0 {
      found.add(start: openStart, count: end - openStart, line: openLine, dropped: &dropped)
    }
    openStart = position
    openLine = line
    state = .fieldStart
  }
}
