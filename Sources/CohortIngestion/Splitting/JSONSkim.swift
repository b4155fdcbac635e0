internal import CohortSystem

/// Walks over JSON without checking it: finds members and the ends of values. What it says of a text that is no JSON means
/// nothing, and does no harm.
struct JSONSkim {
  let bytes: UnsafeBufferPointer<UInt8>
  var position: Int

  /// The byte at the next place that is no white space; nil at the end.
  mutating func next() -> UInt8? {
    while position < bytes.count, TextSniffing.isSpace(bytes[position]) { position += 1 }
    return position < bytes.count ? bytes[position] : nil
  }

  /// Moves behind the string that begins here, and returns what is between its quotation marks, as it is written; nil
  /// when it does not end.
  mutating func string() -> Range<Int>? {
    guard let base = bytes.baseAddress else { return nil }
    let start = position + 1
    var from = start
    while from < bytes.count, let quote = memchr(base + from, 0x22, bytes.count - from) {
      let at = UnsafeRawPointer(quote) - UnsafeRawPointer(base)
      var slash = at
      while slash > start, bytes[slash - 1] == 0x5c { slash -= 1 }
      from = at + 1
      if (at - slash) & 1 == 0 {
        position = from
        return start..<at
      }
    }
    return nil
  }

  /// Moves behind the value that begins here; false when it does not end.
  mutating func skipValue() -> Bool {
    var depth = 0
    while let byte = next() {
      switch byte {
      case 0x22:
        if string() == nil { return false }
        if depth == 0 { return true }
      case 0x7b, 0x5b:
        depth += 1
        position += 1
      case 0x7d, 0x5d:
        if depth == 0 { return true }
        depth -= 1
        position += 1
        if depth == 0 { return true }
      case 0x2c, 0x3a:
        if depth == 0 { return true }
        position += 1
      default:
        while position < bytes.count, JSONNumber.isPart(bytes[position]) { position += 1 }
        if depth == 0 { return position < bytes.count }
        if position < bytes.count, !TextSniffing.isSpace(bytes[position]), !Self.isStructure(bytes[position]) {
          position += 1
        }
      }
    }
    return false
  }

  private static func isStructure(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x22, 0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x3a: true
    default: false
    }
  }

  /// Calls `body` with the key and the start of the value of each member of the object that begins here, until it returns
  /// false.
  /// - Returns: whether the object ended; then the position is behind it.
  mutating func members(_ body: (_ key: Range<Int>, _ value: Int) -> Bool) -> Bool {
    guard next() == 0x7b else { return false }
    position += 1
    while let byte = next() {
      switch byte {
      case 0x7d:
        position += 1
        return true
      case 0x2c: position += 1
      case 0x22:
        guard let key = string(), next() == 0x3a else { return false }
        position += 1
        guard next() != nil, body(key, position) else { return false }
        let start = position
        guard skipValue(), position > start else { return false }
      default: return false
      }
    }
    return false
  }

  /// The names of the members of the object that begins at `start`, and where their values begin; at most `limit`.
  static func members(
    of bytes: UnsafeBufferPointer<UInt8>, at start: Int, limit: Int = 64
  ) -> [(key: String, value: Int)] {
    var skim = JSONSkim(bytes: bytes, position: start)
    var found: [(key: String, value: Int)] = []
    _ = skim.members { key, value in
      found.append((String(decoding: bytes[key], as: UTF8.self), value))
      return found.count < limit
    }
    return found
  }
}
