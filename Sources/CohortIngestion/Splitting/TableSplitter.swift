internal import CohortSystem

/// The rows of a table (RFC 4180): quoted fields may hold separators, line ends and doubled quotation marks. Empty lines
/// are no rows. A row's number is the line it starts on.
///
/// A quotation mark that never closes would swallow the rest of the text. Such a row ends where its last quotation mark
/// opens a field, and reading goes on at the next line that is a row by itself:
///
/// ```
/// Say b,"b       the row that is refused; the mark is not closed within the longest record, or closed with text behind it
/// and so on      lines that are no rows belong to it
/// Say c,c        the first line with the right number of columns
/// ```
///
/// An own splitter, because the record must be found in a stream with bounded memory and keep its line number and its
/// raw bytes; SwiftCSV takes the whole text as one `String` and gives neither.
struct TableSplitter: RecordSplitter {
  private enum State { case fieldStart, bare, quoted, quoteInQuoted }

  var position = 0
  var openStart = 0
  var dropped: UInt64 = 0
  let form: TableForm
  /// How many columns a row has; 0 while that is not known.
  var columns = 0
  private var openLine: UInt64
  private var line: UInt64
  private var state = State.fieldStart
  /// The line of the last quotation mark that opened a field, and its place from `openStart` on.
  private var quote: (line: UInt64, offset: Int) = (0, 0)
  /// Text follows the closing quotation mark of a field over several lines.
  private var isSuspicious = false

  /// - Parameter line: the number of the first line.
  init(_ form: TableForm, line: UInt64 = 1) {
    self.form = form
    self.line = line
    openLine = line
  }

  mutating func split(
    _ bytes: UnsafeBufferPointer<UInt8>, atEnd: Bool, limit: Int, into found: inout FoundRecords
  ) {
    while true {
      advance(bytes, limit: limit, into: &found)
      guard atEnd, position == bytes.count, openStart < position || dropped > 0, found.records.count < limit else {
        return
      }
      // What the open quotation mark has swallowed is read again.
      if state == .quoted || isSuspicious, resume(bytes, end: bytes.count, isWhole: true, into: &found) { continue }
      close(bytes, end: bytes.count, into: &found)
    }
  }

  private mutating func advance(
    _ bytes: UnsafeBufferPointer<UInt8>, limit: Int, into found: inout FoundRecords
  ) {
    let (lineEnd, separator) = (form.lineEnd, form.separator)
    var at = position
    while at < bytes.count, found.records.count < limit {
      let byte = bytes[at]
      at += 1
      switch state {
      case .quoted:
        if byte == 0x22 {
          state = .quoteInQuoted
        } else if byte == lineEnd {
          line += 1
          if isSuspicious { close(bytes, end: at - 1, &at, into: &found) }
        } else {
          // Most bytes are neither.
          while at < bytes.count, bytes[at] != 0x22, bytes[at] != lineEnd { at += 1 }
        }
      case .quoteInQuoted where byte == 0x22: state = .quoted
      case .fieldStart where byte == 0x22 && form.isQuoted:
        state = .quoted
        if !isSuspicious { quote = (line, at - 1 - openStart) }
      default:
        if byte == lineEnd {
          line += 1
          close(bytes, end: at - 1, &at, into: &found)
        } else if byte == separator {
          state = .fieldStart
        } else {
          if state == .quoteInQuoted, byte != 0x0d, line > quote.line { isSuspicious = true }
          state = .bare
          while at < bytes.count, bytes[at] != separator, bytes[at] != lineEnd { at += 1 }
        }
      }
    }
    position = at
  }

  /// Ends the open row; `at` is behind it, and becomes where to go on.
  private mutating func close(
    _ bytes: UnsafeBufferPointer<UInt8>, end: Int, _ at: inout Int, into found: inout FoundRecords
  ) {
    position = at
    close(bytes, end: end, into: &found)
    at = position
  }

  private mutating func close(_ bytes: UnsafeBufferPointer<UInt8>, end: Int, into found: inout FoundRecords) {
    let isLong = end - openStart > found.recordLimit && quote.line > 0 && line > quote.line + 1
    if isSuspicious || isLong, resume(bytes, end: position, isWhole: false, into: &found) { return }
    var end = end
    if end > openStart, bytes[end - 1] == 0x0d { end -= 1 }
    if end > openStart || dropped > 0 {
      found.add(start: openStart, count: end - openStart, line: openLine, dropped: &dropped)
    }
    begin(at: position, line: line)
  }

  private mutating func begin(at start: Int, line: UInt64) {
    position = start
    openStart = start
    self.line = line
    openLine = line
    state = .fieldStart
    isSuspicious = false
    quote = (0, 0)
  }

  // MARK: Quotation marks that do not close

  /// Called before the open row is thrown away because it is too long: most of its lines may be rows.
  mutating func recover(_ bytes: UnsafeBufferPointer<UInt8>, into found: inout FoundRecords) -> Bool {
    state == .quoted && resume(bytes, end: position, isWhole: false, into: &found)
  }

  /// Ends the open row before the next line that is a row by itself, and goes on there.
  /// - Parameters:
  ///   - end: how far the open quotation mark reaches, as far as is known.
  ///   - isWhole: the text ends at `end`; otherwise a field may just be long, and most of its lines must be rows.
  /// - Returns: false when nothing was changed.
  private mutating func resume(
    _ bytes: UnsafeBufferPointer<UInt8>, end: Int, isWhole: Bool, into found: inout FoundRecords
  ) -> Bool {
    guard columns > 0, dropped == 0, let base = bytes.baseAddress else { return false }
    var start = openStart + quote.offset
    var number = quote.line
    var lines = 0
    var rows = 0
    var next: (start: Int, line: UInt64)?
    while start < end {
      let hit = memchr(base + start, Int32(form.lineEnd), end - start)
      let lineEnd = hit.map { UnsafeRawPointer($0) - UnsafeRawPointer(base) } ?? end
      if number > quote.line, hit != nil || isWhole, lineEnd > start {
        lines += 1
        if isRow(bytes[start..<lineEnd]) {
          rows += 1
          if next == nil { next = (start, number) }
        }
      }
      start = lineEnd + 1
      number += 1
    }
    if !isWhole, !isSuspicious, rows * 2 < lines { return false }
    guard let next else { return false }
    var last = next.start - 1
    while last > openStart, TextSniffing.isSpace(bytes[last - 1]) { last -= 1 }
    let what =
      isSuspicious
      ? "a quotation mark opens in line \(quote.line), and text follows where it closes"
      : "a quotation mark opens in line \(quote.line) and is not closed"
    found.addIssue(
      .invalidCSV, "\(what): \(lines) lines would be part of its field. Reading goes on in line \(next.line)",
      start: openStart, count: last - openStart, line: openLine, size: UInt64(last - openStart))
    begin(at: next.start, line: next.line)
    return true
  }

  /// Whether a line is a row by itself, or the beginning of one.
  private func isRow(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    let row = form.row(line)
    return !row.isMalformed && (row.isOpen ? row.columns <= columns : row.columns == columns)
  }
}
