/// Says what is wrong with a text that is no JSON (RFC 8259), and where. Runs only after the parser has refused the text:
/// the parser is fast and knows little more than that something is wrong.
///
/// The text is walked from its start, as the parser does, up to the first fault.
///
/// - Complexity: O(bytes before the fault).
struct JSONDiagnosis {
  private struct Fault: Error {
    var message: String
    /// Where it is; nil when the message says it itself.
    var offset: Int?
  }

  private enum Expectation { case value, element, firstElement, key, firstKey, colon, end }

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  /// Where the open lists and objects begin.
  private var open: [Int] = []

  private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// One sentence; nil when nothing is wrong.
  static func sentence(about bytes: UnsafeBufferPointer<UInt8>) -> String? {
    var diagnosis = JSONDiagnosis(bytes)
    do throws(Fault) {
      try diagnosis.walk()
      return nil
    } catch {
      return error.message + (error.offset.map { " (\(diagnosis.place(of: $0)))" } ?? "")
    }
  }

  /// Line and column from 1; columns are Unicode scalars.
  private func place(of offset: Int) -> String {
    var line = 1
    var column = 1
    for byte in bytes[..<min(offset, bytes.count)] {
      if byte == 0x0a {
        line += 1
        column = 1
      } else if byte & 0xc0 != 0x80 {
        column += 1
      }
    }
    return "line \(line), column \(column) of the record"
  }

  private var isInObject: Bool { open.last.map { bytes[$0] == 0x7b } ?? false }
  private var container: String { isInObject ? "object" : "list" }

  private mutating func walk() throws(Fault) {
    var expectation = Expectation.value
    while true {
      skipSpace()
      guard position < bytes.count else {
        if let start = open.last {
          throw Fault(message: "the text ends inside the \(container) that opens at \(place(of: start))")
        }
        if expectation == .end { return }
        throw Fault(message: "there is no JSON value, only white space")
      }
      switch expectation {
      case .firstElement where bytes[position] == 0x5d, .firstKey where bytes[position] == 0x7d: close(&expectation)
      case .value, .element, .firstElement: try value(&expectation)
      case .key, .firstKey:
        try key(isFirst: expectation == .firstKey)
        expectation = .colon
      case .colon:
        guard bytes[position] == 0x3a else {
          throw Fault(message: "a colon is missing between a key and its value", offset: position)
        }
        position += 1
        expectation = .value
      case .end: try end(&expectation)
      }
    }
  }

  private mutating func close(_ expectation: inout Expectation) {
    open.removeLast()
    position += 1
    expectation = .end
  }

  /// What follows a value.
  private mutating func end(_ expectation: inout Expectation) throws(Fault) {
    let byte = bytes[position]
    guard !open.isEmpty else {
      try refuseComment()
      throw Fault(message: "text follows the value", offset: position)
    }
    switch byte {
    case 0x2c:
      position += 1
      expectation = isInObject ? .key : .element
    case 0x7d where isInObject, 0x5d where !isInObject: close(&expectation)
    case 0x7d, 0x5d:
      let start = open.last.map(place) ?? ""
      throw Fault(
        message: "'\(Character(UnicodeScalar(byte)))' closes the \(container) that opens at \(start)", offset: position)
    case 0x3a: throw Fault(message: "a colon stands where a comma belongs", offset: position)
    default:
      try refuseComment()
      if isWord(byte) {
        throw Fault(
          message: "a comma is missing before '\(word())', or a quotation mark before it is not escaped",
          offset: position)
      }
      throw Fault(message: "a comma is missing", offset: position)
    }
  }

  private mutating func key(isFirst: Bool) throws(Fault) {
    switch bytes[position] {
    case 0x22: try string()
    case 0x7d: throw Fault(message: "a comma stands before the end of the object", offset: position)
    case 0x2c: throw Fault(message: "a comma stands where a key belongs", offset: position)
    case 0x27: throw Fault(message: "a key is in single quotation marks; JSON takes double ones", offset: position)
    default:
      try refuseComment()
      try refuseTypography()
      if isWord(bytes[position]) {
        throw Fault(message: "the key '\(word())' is not in quotation marks", offset: position)
      }
      throw Fault(message: "a key in quotation marks is missing", offset: position)
    }
  }

  private mutating func value(_ expectation: inout Expectation) throws(Fault) {
    let byte = bytes[position]
    switch byte {
    case 0x22:
      try string()
      expectation = .end
    case 0x7b, 0x5b:
      open.append(position)
      position += 1
      expectation = byte == 0x7b ? .firstKey : .firstElement
    case 0x2d, 0x30...0x39:
      try number()
      expectation = .end
    case 0x5d where expectation == .element:
      throw Fault(message: "a comma stands before the end of the list", offset: position)
    case 0x2c, 0x7d, 0x5d, 0x3a:
      throw Fault(message: "a value is missing before '\(Character(UnicodeScalar(byte)))'", offset: position)
    case 0x27: throw Fault(message: "a text is in single quotation marks; JSON takes double ones", offset: position)
    case 0x2b, 0x2e:
      throw Fault(message: "the number '\(word())' begins with '\(Character(UnicodeScalar(byte)))'", offset: position)
    default:
      try refuseComment()
      try refuseTypography()
      try literal()
      expectation = .end
    }
  }

  private mutating func literal() throws(Fault) {
    guard isWord(bytes[position]) else {
      throw Fault(message: "no JSON value begins with \(character())", offset: position)
    }
    let word = word()
    switch word {
    case "true", "false", "null": position += word.utf8.count
    case "True", "False", "None":
      let right = word == "None" ? "null" : word.lowercased()
      throw Fault(message: "'\(word)' is Python; JSON writes \(right)", offset: position)
    case "NaN", "nan", "Infinity", "inf", "Inf":
      throw Fault(message: "'\(word)' is no JSON number; write null", offset: position)
    default:
      let lower = word.lowercased()
      if ["true", "false", "null"].contains(lower) {
        throw Fault(message: "'\(word)' is not JSON; it writes \(lower)", offset: position)
      }
      throw Fault(message: "'\(word)' is no JSON value; a text stands in quotation marks", offset: position)
    }
  }

  private mutating func number() throws(Fault) {
    let start = position
    let end = start + bytes[start...].prefix(while: isWord).count
    let text = word()
    if let fault = JSONNumber.fault(in: bytes[start..<end]) {
      let isInfinite = text.hasPrefix("-I") || text.hasPrefix("-i") || text.hasPrefix("-N") || text.hasPrefix("-n")
      throw Fault(
        message: isInfinite ? "'\(text)' is no JSON number; write null" : "the number '\(text)' \(fault)", offset: start
      )
    }
    position = end
  }

  private mutating func string() throws(Fault) {
    let start = position
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case 0x22:
        position += 1
        return
      case 0x5c: try escape(start)
      case 0..<0x20:
        let names: [UInt8: (String, String)] = [
          0x0a: ("line end", "\\n"), 0x0d: ("carriage return", "\\r"), 0x09: ("tab", "\\t"),
        ]
        let hex = String(byte, radix: 16)
        let code = String(repeating: "0", count: 4 - hex.utf8.count) + hex
        let (name, escape) = names[byte] ?? ("control character U+\(code.uppercased())", "\\u\(code)")
        throw Fault(message: "a bare \(name) stands in a text; JSON writes \(escape)", offset: position)
      default: position += 1
      }
    }
    throw Fault(message: "the text that opens at \(place(of: start)) has no closing quotation mark")
  }

  private mutating func escape(_ start: Int) throws(Fault) {
    let next = position + 1 < bytes.count ? bytes[position + 1] : 0
    switch next {
    case 0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74: position += 2
    case 0x75:
      let digits = bytes[min(position + 2, bytes.count)..<min(position + 6, bytes.count)]
      guard digits.count == 4, digits.allSatisfy(Self.isHex) else {
        throw Fault(message: "'\\u' is not followed by four hexadecimal digits", offset: position)
      }
      position += 6
    case 0 where position + 1 >= bytes.count: position += 1
    default:
      position += 1
      let named = character()
      position -= 1
      throw Fault(message: "a backslash before \(named) is no escape of JSON", offset: position)
    }
  }

  private func refuseComment() throws(Fault) {
    let byte = bytes[position]
    let next = position + 1 < bytes.count ? bytes[position + 1] : 0
    if byte == 0x23 || (byte == 0x2f && (next == 0x2f || next == 0x2a)) {
      throw Fault(message: "JSON has no comments", offset: position)
    }
  }

  private func refuseTypography() throws(Fault) {
    let rest = bytes[position...].prefix(3)
    if rest.elementsEqual([0xe2, 0x80, 0x9c]) || rest.elementsEqual([0xe2, 0x80, 0x9d]) {
      throw Fault(message: "a typographic quotation mark stands where JSON takes a straight one", offset: position)
    }
    if rest.elementsEqual([0xef, 0xbb, 0xbf]) {
      throw Fault(message: "a byte order mark stands inside the text", offset: position)
    }
    if rest.starts(with: [0xc2, 0xa0]) {
      throw Fault(message: "a non-breaking space is no white space of JSON", offset: position)
    }
  }

  // MARK: Characters

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }

  private func isWord(_ byte: UInt8) -> Bool { JSONNumber.isPart(byte) || byte == 0x5f || byte == 0x24 }

  /// The letters, digits and signs from here on, at most 40 of them.
  private func word() -> String { String(decoding: bytes[position...].prefix(40).prefix(while: isWord), as: UTF8.self) }

  /// The character here, as it can be shown.
  private func character() -> String {
    guard position < bytes.count else { return "the end" }
    let text = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
    guard let first = text.unicodeScalars.first, first.value >= 0x20, first.value != 0x7f else {
      return "a control character"
    }
    return "'\(first)'"
  }
}
