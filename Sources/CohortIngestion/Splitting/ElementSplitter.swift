internal import CohortSystem

/// The elements of one JSON array, or JSON values one after the other. Only strings and brackets are followed: whether
/// an element is JSON is the parser's business. A comma behind the last element, and commas between values that stand
/// one after the other, are counted and left out.
struct ElementSplitter: RecordSplitter {
  private enum Phase { case beforeArray, elements, afterArray }

  var position = 0
  var openStart = 0
  var dropped: UInt64 = 0
  /// How many commas were left out.
  private(set) var commas: UInt64 = 0
  /// 1-based number of the open element.
  private var openLine: UInt64 = 1
  private let isArray: Bool
  /// What stands behind the array is the caller's business.
  private let isInner: Bool
  private var phase: Phase
  private var depth = 0
  private var isInString = false
  /// A byte of the open element was seen.
  private var isOpen = false
  /// The last separator was a comma: an element must follow.
  private var followsComma = false
  /// The bytes thrown away end in an odd number of backslashes.
  private var droppedEscape = false

  /// - Parameter isInner: stop behind the end of the array, which is a part of something larger.
  init(isArray: Bool, isInner: Bool = false) {
    self.isArray = isArray
    self.isInner = isInner
    phase = isArray ? .beforeArray : .elements
  }

  /// The array has ended, and what follows is not looked at.
  var hasEnded: Bool { isInner && phase == .afterArray }

  /// Goes on with another array, whose opening bracket is at `position`.
  mutating func restart(at position: Int) {
    phase = .beforeArray
    followsComma = false
    self.position = position
    openStart = position
  }

  mutating func split(
    _ bytes: UnsafeBufferPointer<UInt8>, atEnd: Bool, limit: Int, into found: inout FoundRecords
  ) {
    guard let base = bytes.baseAddress else { return }
    while position < bytes.count, found.records.count < limit, !hasEnded {
      if isInString {
        guard let quote = memchr(base + position, 0x22, bytes.count - position) else {
          position = bytes.count
          break
        }
        let at = UnsafeRawPointer(quote) - UnsafeRawPointer(base)
        position = at + 1
        if !isEscaped(at, in: bytes) {
          isInString = false
          if !isArray, depth == 0 { close(end: position, into: &found) }
        }
        continue
      }
      let byte = bytes[position]
      if phase == .elements {
        step(byte, into: &found)
      } else if TextSniffing.isSpace(byte) && !isOpen {
        position += 1
        openStart = position
      } else if phase == .beforeArray {
        // The first byte that is no space is '[': the format was chosen for it.
        phase = .elements
        position += 1
        openStart = position
      } else {
        isOpen = true
        position = bytes.count
      }
    }
    if atEnd, position == bytes.count, found.records.count < limit, !hasEnded { finish(bytes, into: &found) }
  }

  private mutating func step(_ byte: UInt8, into found: inout FoundRecords) {
    switch byte {
    case 0x22:
      open()
      isInString = true
      position += 1
    case 0x7b, 0x5b:
      open()
      depth += 1
      position += 1
    case 0x5d where depth == 0 && isArray:
      if isOpen {
        close(end: position, into: &found)
      } else if followsComma {
        commas += 1
      }
      phase = .afterArray
      position += 1
      openStart = position
    case 0x7d, 0x5d:
      open()
      depth = max(0, depth - 1)
      position += 1
      if depth == 0, !isArray { close(end: position, into: &found) }
    case 0x2c where depth == 0 && isArray:
      close(end: position, into: &found)
      followsComma = true
      position += 1
      openStart = position
    case 0x2c where depth == 0 && !isArray && !isOpen:
      commas += 1
      position += 1
      openStart = position
    case 0x20, 0x09, 0x0a, 0x0d:
      if depth == 0, !isArray, isOpen { close(end: position, into: &found) }
      position += 1
      if !isOpen { openStart = position }
    default:
      open()
      position += 1
    }
  }

  private mutating func open() {
    guard !isOpen else { return }
    isOpen = true
    openStart = position
  }

  private mutating func close(end: Int, into found: inout FoundRecords) {
    if !isOpen { openStart = end }
    found.add(start: openStart, count: end - openStart, line: openLine, dropped: &dropped)
    openLine += 1
    openStart = position
    isOpen = false
    followsComma = false
    droppedEscape = false
    depth = 0
  }

  private mutating func finish(_ bytes: UnsafeBufferPointer<UInt8>, into found: inout FoundRecords) {
    let size = dropped + UInt64(bytes.count - openStart)
    let prefix = dropped > 0 ? found.droppedPrefix : nil
    switch phase {
    case .elements where isArray:
      let detail = "the file ends before the array does"
      found.addIssue(
        .invalidJSON, detail, start: openStart, count: bytes.count - openStart, line: openLine, prefix: prefix,
        size: size)
    case .elements where isOpen:
      close(end: bytes.count, into: &found)
    case .afterArray where isOpen:
      found.addIssue(
        .invalidJSON, "bytes follow the end of the array", start: openStart, count: bytes.count - openStart,
        line: openLine, prefix: prefix, size: size)
    default: break
    }
    dropped = 0
    isOpen = false
    isInString = false
    phase = .afterArray
    openStart = position
  }

  /// Whether the quotation mark at `quote` follows an odd number of backslashes.
  private func isEscaped(_ quote: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var start = quote
    while start > openStart, bytes[start - 1] == 0x5c { start -= 1 }
    let isOdd = (quote - start) & 1 == 1
    return start == openStart && dropped > 0 ? isOdd != droppedEscape : isOdd
  }

  mutating func willDrop(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard isInString else {
      droppedEscape = false
      return
    }
    droppedEscape = isEscaped(position, in: bytes)
  }
}
