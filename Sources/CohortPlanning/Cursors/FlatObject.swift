internal import CohortCore

/// A JSON object of strings and whole numbers (RFC 8259), which is all that a cursor is. Anything else in it is refused.
/// The read path has no Foundation.
struct FlatObject {
  enum Value: Hashable {
    case string(String)
    case integer(UInt64)
  }

  private var bytes: [UInt8]
  private var offset = 0

  /// - Throws: `core.invalid`, with the byte offset but for a text over 1 MiB.
  static func parse(_ text: String) throws -> [String: Value] {
    var reader = FlatObject(bytes: Array(text.utf8))
    guard reader.bytes.count <= 1 << 20 else { throw CohortError.invalid("a JSON text over 1 MiB") }
    return try reader.object()
  }

  private mutating func object() throws -> [String: Value] {
    var fields: [String: Value] = [:]
    try expect(UInt8(ascii: "{"))
    if next() == UInt8(ascii: "}") {
      offset += 1
    } else {
      while true {
        let at = offset
        let key = try string()
        try expect(UInt8(ascii: ":"))
        guard fields.updateValue(try value(), forKey: key) == nil else {
          throw CohortError.invalid("a repeated key", at: at, cause: key)
        }
        if next() == UInt8(ascii: ",") {
          offset += 1
          continue
        }
        try expect(UInt8(ascii: "}"))
        break
      }
    }
    guard next() == nil else { throw CohortError.invalid("text after the object", at: offset) }
    return fields
  }

  /// The next byte that is no white space.
  private mutating func next() -> UInt8? {
    while offset < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[offset]) { offset += 1 }
    return offset < bytes.count ? bytes[offset] : nil
  }

  private mutating func expect(_ byte: UInt8) throws {
    guard next() == byte else {
      throw CohortError.invalid(
        "JSON text", at: offset, cause: "expected \"\(Character(UnicodeScalar(byte)))\"")
    }
    offset += 1
  }

  private mutating func value() throws -> Value {
    if next() == UInt8(ascii: "\"") { return .string(try string()) }
    let start = offset
    while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
    let digits = bytes[start..<offset]
    let isFollowed = offset < bytes.count && [0x2e, 0x45, 0x65].contains(bytes[offset])
    guard !isFollowed, digits.count == 1 || digits.first != UInt8(ascii: "0"),
      let number = UInt64(String(decoding: digits, as: UTF8.self))
    else { throw CohortError.invalid("a value", at: start, cause: "neither a string nor a whole number") }
    return .integer(number)
  }

  private mutating func string() throws -> String {
    try expect(UInt8(ascii: "\""))
    var utf8: [UInt8] = []
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        return String(decoding: utf8, as: UTF8.self)
      case UInt8(ascii: "\\"):
        try escape(into: &utf8)
      case 0..<0x20:
        throw CohortError.invalid("a control character in a string", at: offset - 1)
      default:
        utf8.append(byte)
      }
    }
    throw CohortError.truncated("a string", at: offset)
  }

  private mutating func escape(into utf8: inout [UInt8]) throws {
    guard offset < bytes.count else { throw CohortError.truncated("an escape", at: offset) }
    let byte = bytes[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): utf8.append(byte)
    case UInt8(ascii: "b"): utf8.append(0x08)
    case UInt8(ascii: "f"): utf8.append(0x0c)
    case UInt8(ascii: "n"): utf8.append(0x0a)
    case UInt8(ascii: "r"): utf8.append(0x0d)
    case UInt8(ascii: "t"): utf8.append(0x09)
    case UInt8(ascii: "u"):
      let at = offset
      var code = try unit()
      if (0xd800..<0xdc00).contains(code) {
        guard bytes[offset...].starts(with: [0x5c, 0x75]) else {
          throw CohortError.invalid("a lone surrogate", at: at)
        }
        offset += 2
        let low = try unit()
        guard (0xdc00..<0xe000).contains(low) else { throw CohortError.invalid("a lone surrogate", at: at) }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
      }
      guard let scalar = UnicodeScalar(code) else { throw CohortError.invalid("a lone surrogate", at: at) }
      utf8.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw CohortError.invalid("an escape", at: offset - 1)
    }
  }

  /// Four hexadecimal digits.
  private mutating func unit() throws -> UInt32 {
    guard offset + 4 <= bytes.count else { throw CohortError.truncated("an escape", at: offset) }
    let digits = bytes[offset..<offset + 4]
    guard digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit && $0 < 0x80 }),
      let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw CohortError.invalid("an escape", at: offset) }
    offset += 4
    return code
  }
}
