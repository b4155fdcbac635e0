internal import CohortSystem

/// One record a line. Lines of white space only are no records; they count as lines. A comma at the end of a line that is
/// a list or an object is no part of it: some write the elements of an array so, without its brackets.
struct LineSplitter: RecordSplitter {
  var position = 0
  var openStart = 0
  var dropped: UInt64 = 0
  /// How many lines had a comma behind their value.
  private(set) var commas: UInt64 = 0
  private var openLine: UInt64 = 1
  private let lineEnd: UInt8

  /// - Parameter lineEnd: the byte that ends a line: a line feed, or a carriage return where there is no line feed at all.
  init(lineEnd: UInt8 = 0x0a) { self.lineEnd = lineEnd }

  mutating func split(
    _ bytes: UnsafeBufferPointer<UInt8>, atEnd: Bool, limit: Int, into found: inout FoundRecords
  ) {
    guard let base = bytes.baseAddress else { return }
    while found.records.count < limit, position < bytes.count {
      guard let newline = memchr(base + position, Int32(lineEnd), bytes.count - position) else {
        position = bytes.count
        break
      }
      let end = UnsafeRawPointer(newline) - UnsafeRawPointer(base)
      close(bytes, end: end, into: &found)
      position = end + 1
      openStart = position
    }
    if atEnd, position == bytes.count, openStart < position || dropped > 0, found.records.count < limit {
      close(bytes, end: bytes.count, into: &found)
      openStart = position
    }
  }

  private mutating func close(_ bytes: UnsafeBufferPointer<UInt8>, end: Int, into found: inout FoundRecords) {
    var start = openStart
    var end = end
    while end > start, TextSniffing.isSpace(bytes[end - 1]) { end -= 1 }
    if end - start > 1, bytes[end - 1] == 0x2c { dropComma(bytes, from: start, &end) }
    if dropped == 0 { while start < end, TextSniffing.isSpace(bytes[start]) { start += 1 } }
    if start < end || dropped > 0 {
      found.add(start: start, count: end - start, line: openLine, dropped: &dropped)
    }
    openLine += 1
  }

  private mutating func dropComma(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ end: inout Int) {
    var before = end - 1
    while before > start, TextSniffing.isSpace(bytes[before - 1]) { before -= 1 }
    guard before > start, bytes[before - 1] == 0x7d || bytes[before - 1] == 0x5d else { return }
    end = before
    commas += 1
  }
}
