/// Writes text as JSON strings (RFC 8259).
///
/// Quotation marks, backslashes and control characters below U+0020 are escaped, as the standard demands: line feed,
/// carriage return and tab by their letters, the others by four hexadecimal digits. How much more is escaped depends on who
/// may read the text. Every escape stands for the same text, so a parser gives it back unchanged.
public enum JSONString {
  /// What is escaped beside what the standard demands.
  public enum Escaping: Sendable {
    /// Nothing. The form of what is stored and hashed: its bytes never change.
    case required
    /// Delete, and the separators U+2028 and U+2029, which some readers take for the end of a line.
    case lines
    /// All control characters (delete and U+0080 to U+009F, too), the separators, the marks, embeddings, overrides and
    /// isolates that reorder a line (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), and characters that nobody
    /// sees (U+180E, U+200B to U+200D, U+2060 to U+206F, U+FEFF, U+E0000 to U+E0FFF): the text can do nothing to a terminal, and
    /// hide nothing from who looks at it.
    case terminal
  }

  /// A text in quotation marks.
  public static func quoted(_ text: String, _ escaping: Escaping = .required) -> String {
    var bytes: [UInt8] = []
    append(text, escaping, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends a text in quotation marks, in UTF-8.
  /// - Complexity: O(bytes of the text).
  public static func append(_ text: String, _ escaping: Escaping = .required, to bytes: inout [UInt8]) {
    var text = text
    bytes.append(0x22)
    text.withUTF8 { utf8 in
      append(utf8, to: &bytes) { index in
        let byte = utf8[index]
        if byte < 0x20 || byte == 0x22 || byte == 0x5c { return (UInt32(byte), 1) }
        return escaping.character(utf8, at: index)
      }
    }
    bytes.append(0x22)
  }

  /// Bytes that a text in quotation marks has.
  /// - Complexity: O(bytes of the text).
  public static func size(of text: String, _ escaping: Escaping = .required) -> Int {
    var text = text
    return text.withUTF8 { utf8 in
      var (size, index) = (2, 0)
      while index < utf8.count {
        switch utf8[index] {
        case 0x09, 0x0a, 0x0d, 0x22, 0x5c: (size, index) = (size + 2, index + 1)
        case 0..<0x20: (size, index) = (size + 6, index + 1)
        default:
          let escaped = escaping.character(utf8, at: index)
          // Beyond U+FFFF an escape has two units.
          size += escaped.map { $0.scalar < 0x10000 ? 6 : 12 } ?? 1
          index += escaped?.width ?? 1
        }
      }
      return size
    }
  }

  /// Appends JSON that is whole already, and escapes what its strings hold beside what the standard demands.
  /// - Complexity: O(bytes).
  public static func append(encoded json: UnsafeBufferPointer<UInt8>, _ escaping: Escaping, to bytes: inout [UInt8]) {
    append(json, to: &bytes) { escaping.character(json, at: $0) }
  }

  /// Copies bytes, but for the characters that `escaped` finds.
  private static func append(
    _ utf8: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8], _ escaped: (Int) -> (scalar: UInt32, width: Int)?
  ) {
    var start = 0
    var index = 0
    while index < utf8.count {
      guard let (scalar, width) = escaped(index) else {
        index += 1
        continue
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<index]))
      appendEscape(of: scalar, to: &bytes)
      index += width
      start = index
    }
    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start...]))
  }

  private static func appendEscape(of scalar: UInt32, to bytes: inout [UInt8]) {
    bytes.append(0x5c)
    switch scalar {
    case 0x22, 0x5c: bytes.append(UInt8(scalar))
    case 0x0a: bytes.append(UInt8(ascii: "n"))
    case 0x0d: bytes.append(UInt8(ascii: "r"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x10000...:
      appendUnit(0xd800 + (scalar - 0x10000) >> 10, to: &bytes)
      bytes.append(0x5c)
      appendUnit(0xdc00 + (scalar - 0x10000) & 0x3ff, to: &bytes)
    default: appendUnit(scalar, to: &bytes)
    }
  }

  private static func appendUnit(_ unit: UInt32, to bytes: inout [UInt8]) {
    let digits = String(unit, radix: 16)
    bytes.append(UInt8(ascii: "u"))
    bytes.append(contentsOf: repeatElement(0x30, count: 4 - digits.utf8.count))
    bytes.append(contentsOf: digits.utf8)
  }
}

extension JSONString.Escaping {
  /// The character at a place that is escaped beside what the standard demands, and its bytes.
  @inline(__always)
  fileprivate func character(_ utf8: UnsafeBufferPointer<UInt8>, at index: Int) -> (scalar: UInt32, width: Int)? {
    if utf8[index] < 0x7f || self == .required { return nil }
    switch utf8[index] {
    case 0x7f: return (0x7f, 1)
    case 0xc2:
      // U+0080 to U+009F.
      guard self == .terminal, index + 1 < utf8.count, (0x80..<0xa0).contains(utf8[index + 1]) else { return nil }
      return (UInt32(utf8[index + 1]), 2)
    case 0xe2:
      // U+2000 to U+207F.
      guard index + 2 < utf8.count, 0x80...0x81 ~= utf8[index + 1], 0x80..<0xc0 ~= utf8[index + 2] else { return nil }
      let scalar = 0x2000 | UInt32(utf8[index + 1] & 0x3f) << 6 | UInt32(utf8[index + 2] & 0x3f)
      let isEscaped =
        self == .terminal
        ? 0x200b...0x200f ~= scalar || 0x2028...0x202e ~= scalar || 0x2060...0x206f ~= scalar
        : 0x2028...0x2029 ~= scalar
      return isEscaped ? (scalar, 3) : nil
    case 0xe1:
      guard self == .terminal, index + 2 < utf8.count, utf8[index + 1] == 0xa0, utf8[index + 2] == 0x8e else {
        return nil
      }
      return (0x180e, 3)
    case 0xd8:
      guard self == .terminal, index + 1 < utf8.count, utf8[index + 1] == 0x9c else { return nil }
      return (0x061c, 2)
    case 0xef:
      guard self == .terminal, index + 2 < utf8.count, utf8[index + 1] == 0xbb, utf8[index + 2] == 0xbf else {
        return nil
      }
      return (0xfeff, 3)
    case 0xf3:
      // U+E0000 to U+E0FFF.
      guard self == .terminal, index + 3 < utf8.count, utf8[index + 1] == 0xa0, 0x80..<0xc0 ~= utf8[index + 2],
        0x80..<0xc0 ~= utf8[index + 3]
      else { return nil }
      return (0xe0000 | UInt32(utf8[index + 2] & 0x3f) << 6 | UInt32(utf8[index + 3] & 0x3f), 4)
    default: return nil
    }
  }
}

extension JSONString {
  /// Lends the text of a string of JSON in UTF-8.
  /// - Parameter json: a string with its quotation marks; nothing of it is checked. An escape that is none stays as it is,
  ///   half of a surrogate pair becomes U+FFFD.
  /// - Complexity: O(bytes); the text is in place, unless the string has escapes.
  public static func withText<R>(
    of json: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> R
  ) rethrows -> R {
    let inside = UnsafeRawBufferPointer(rebasing: json.dropFirst().dropLast())
    guard inside.contains(0x5c) else { return try body(inside) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(inside.count)
    var offset = 0
    while offset < inside.count {
      if inside[offset] == 0x5c, offset + 1 < inside.count {
        offset = unescape(inside, at: offset, into: &bytes)
      } else {
        bytes.append(inside[offset])
        offset += 1
      }
    }
    return try bytes.withUnsafeBytes(body)
  }

  /// Appends what an escape stands for. - Returns: the offset behind it.
  private static func unescape(_ json: UnsafeRawBufferPointer, at offset: Int, into bytes: inout [UInt8]) -> Int {
    switch json[offset + 1] {
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "n"): bytes.append(0x0a)
    case UInt8(ascii: "f"): bytes.append(0x0c)
    case UInt8(ascii: "r"): bytes.append(0x0d)
    case UInt8(ascii: "u"):
      guard let unit = unit(json, at: offset) else {
        bytes.append(contentsOf: json[offset...(offset + 1)])
        break
      }
      var (scalar, end) = (unit, offset + 6)
      if unit & 0xfc00 == 0xd800, let low = Self.unit(json, at: end), low & 0xfc00 == 0xdc00 {
        (scalar, end) = (0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff), end + 6)
      }
      let character = Unicode.Scalar(scalar) ?? "\u{fffd}"
      bytes.append(contentsOf: String(character).utf8)
      return end
    default: bytes.append(json[offset + 1])
    }
    return offset + 2
  }

  /// The four hexadecimal digits of an escape `\u`; nil where there is none.
  private static func unit(_ json: UnsafeRawBufferPointer, at offset: Int) -> UInt32? {
    guard offset + 6 <= json.count, json[offset] == 0x5c, json[offset + 1] == UInt8(ascii: "u") else { return nil }
    var unit: UInt32 = 0
    for byte in json[(offset + 2)..<(offset + 6)] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }
}
