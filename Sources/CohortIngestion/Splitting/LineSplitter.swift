internal import CohortSystem

/// One record a line. Lines of white space only are no records; they count as lines.
struct LineSplitter: RecordSplitter {
  var position = 0
  var openStart = 0
  var dropped: UInt64 = 0
  private var openLine: UInt64 = 1

  mutating func split(
    _ bytes: UnsafeBufferPointer<UInt8>, atEnd: Bool, limit: Int, into found: inout FoundRecords
  ) {
    guard let base = bytes.baseAddress else { return }
    while found.records.count < limit, position < bytes.count {
      guard let newline = memchr(base + position, 0x0a, bytes.count - position) else {
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
    if dropped == 0 { while start < end, TextSniffing.isSpace(bytes[start]) { start += 1 } }
    if start < end || dropped > 0 {
      found.add(start: start, count: end - start, line: openLine, dropped: &dropped)
    }
    openLine += 1
  }
}
