/// Writes parsed JSON back in one way only: no white space, members in the order of the source, the shortest escapes,
/// whole numbers in decimal, other numbers as the shortest text that gives the same Float64. Numbers beyond 64 bits come
/// out as they were written. Of members with the same key the last one counts, and only that one is written.
enum CanonicalJSON {
  static func append(_ value: Int, of tape: UnsafeTape, to bytes: inout [UInt8]) {
    switch tape.kind(value) {
    case .string: append(tape.text(value), to: &bytes)
    case .signed: bytes.append(contentsOf: String(tape.signed(value)).utf8)
    case .unsigned: bytes.append(contentsOf: String(tape.unsigned(value)).utf8)
    case .wide: bytes.append(contentsOf: tape.text(value))
    case .double: bytes.append(contentsOf: tape.double(value).description.utf8)
    case .yes: bytes.append(contentsOf: "true".utf8)
    case .no: bytes.append(contentsOf: "false".utf8)
    case .null, .other: bytes.append(contentsOf: "null".utf8)
    case .array:
      bytes.append(UInt8(ascii: "["))
      var isFirst = true
      tape.forEachElement(of: value) { element in
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        append(element, of: tape, to: &bytes)
        return true
      }
      bytes.append(UInt8(ascii: "]"))
    case .object:
      bytes.append(UInt8(ascii: "{"))
      var isFirst = true
      let overridden = overriddenKeys(of: value, tape)
      tape.forEachMember(of: value) { key, member in
        if overridden.contains(key) { return true }
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        append(tape.text(key), to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(member, of: tape, to: &bytes)
        return true
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// The keys that come again in the same object.
  /// - Complexity: O(members), and O(members squared) for at most 12 of them, without memory.
  static func overriddenKeys(of object: Int, _ tape: UnsafeTape) -> Set<Int> {
    let count = tape.memberCount(object)
    if count < 2 { return [] }
    var overridden: Set<Int> = []
    if count <= 12 {
      tape.forEachMember(of: object) { key, value in
        let text = tape.text(key)
        var other = tape.next(after: value)
        let end = tape.inside(object).upperBound
        while other < end {
          let next = tape.text(other)
          if next.count == text.count, next.elementsEqual(text) {
            overridden.insert(key)
            break
          }
          other = tape.next(after: other + 1)
        }
        return true
      }
    } else {
      // Bytes and not strings: those are equal, too, when only their normalisation differs.
      var last: [[UInt8]: Int] = [:]
      tape.forEachMember(of: object) { key, _ in
        if let before = last.updateValue(key, forKey: Array(tape.text(key))) { overridden.insert(before) }
        return true
      }
    }
    if !overridden.isEmpty { tape.noteOverridden() }
    return overridden
  }

  /// Text in quotation marks. Escaped are only the quotation mark, the backslash and control characters (RFC 8259).
  static func append(_ text: UnsafeTape.Text, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var start = 0
    for (index, byte) in text.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5c {
      if start < index { bytes.append(contentsOf: UnsafeTape.Text(rebasing: text[start..<index])) }
      start = index + 1
      appendEscape(of: byte, to: &bytes)
    }
    if start < text.count { bytes.append(contentsOf: UnsafeTape.Text(rebasing: text[start...])) }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func appendEscape(of byte: UInt8, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x0a: bytes.append(UInt8(ascii: "n"))
    case 0x0c: bytes.append(UInt8(ascii: "f"))
    case 0x0d: bytes.append(UInt8(ascii: "r"))
    case 0x22, 0x5c: bytes.append(byte)
    default:
      let digits = Array("0123456789abcdef".utf8)
      bytes.append(contentsOf: "u00".utf8)
      bytes.append(digits[Int(byte >> 4)])
      bytes.append(digits[Int(byte & 15)])
    }
  }
}
