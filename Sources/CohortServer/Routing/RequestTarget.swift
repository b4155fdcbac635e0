internal import CohortCore

/// The path and the query of a request, taken apart and decoded. Nothing is guessed: what a proxy, a log or a file system
/// could read in two ways is refused.
struct RequestTarget: Sendable {
  /// The parts between the slashes, percent-decoded: a part may hold any character, a slash, too.
  let path: [String]
  /// In the order of the request.
  let query: [(name: String, value: String)]
  /// `OPTIONS *`: the server as a whole.
  let isServer: Bool

  private static let longest = 8 << 10

  /// - Throws: `server.malformed`, `server.target-too-long`.
  init(_ raw: String, queryParameters: Int = 256) throws(CohortError) {
    guard raw.utf8.count <= Self.longest else {
      throw CohortError(.serverTargetTooLong, "The address in the request is longer than \(Self.longest) bytes")
    }
    guard raw != "*" else {
      (path, query, isServer) = ([], [], true)
      return
    }
    isServer = false
    guard raw.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "\\") }) else {
      throw Self.malformed("it has a character that must be percent-encoded")
    }
    var rest = Substring(raw)
    if !rest.hasPrefix("/") {
      // The form that is sent to proxies, which every server has to understand.
      guard let end = rest.range(of: "://") else { throw Self.malformed("it does not begin with a slash") }
      let scheme = rest[..<end.lowerBound].lowercased()
      guard scheme == "http" || scheme == "https" else { throw Self.malformed("it has another scheme than http") }
      rest = rest[end.upperBound...]
      rest = rest.firstIndex { $0 == "/" || $0 == "?" }.map { rest[$0...] } ?? ""
    }
    let mark = rest.firstIndex(of: "?")
    var parts: [String] = []
    for part in rest[..<(mark ?? rest.endIndex)].split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      let text = try Self.decoded(part, plusIsSpace: false)
      guard text != ".", text != ".." else { throw Self.malformed("it has a part . or ..") }
      parts.append(text)
    }
    path = parts == [""] ? [] : parts
    var values: [(name: String, value: String)] = []
    if let mark {
      for pair in rest[rest.index(after: mark)...].split(separator: "&") {
        guard values.count < queryParameters else { throw Self.malformed("its query has too many values") }
        let sign = pair.firstIndex(of: "=") ?? pair.endIndex
        let name = try Self.decoded(pair[..<sign], plusIsSpace: true)
        let value = sign == pair.endIndex ? "" : try Self.decoded(pair[pair.index(after: sign)...], plusIsSpace: true)
        guard !name.isEmpty else { throw Self.malformed("its query has a value without a name") }
        values.append((name: name, value: value))
      }
    }
    query = values
  }

  /// The values of a name.
  func values(_ name: String) -> [String] { query.filter { $0.name == name }.map(\.value) }

  private static func malformed(_ cause: String) -> CohortError {
    CohortError(.serverMalformed, "The address in the request is not valid", cause: cause)
  }

  private static func decoded(_ text: Substring, plusIsSpace: Bool) throws(CohortError) -> String {
    var bytes: [UInt8] = []
    var digits = text.utf8.makeIterator()
    while let byte = digits.next() {
      switch byte {
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
      case UInt8(ascii: "%"):
        guard let high = digits.next().flatMap(hexadecimal), let low = digits.next().flatMap(hexadecimal) else {
          throw malformed("a percent sign is not followed by two hexadecimal digits")
        }
        bytes.append(high << 4 | low)
      default: bytes.append(byte)
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else { throw malformed("it is not UTF-8") }
    // Texts of a query may have lines; nothing else has a use for control characters.
    let isClean = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f || plusIsSpace && [0x09, 0x0a, 0x0d].contains($0) }
    guard isClean else { throw malformed("it has a control character") }
    return decoded
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  /// A text as a part of a path.
  static func encoded(_ part: String) -> String {
    var text = ""
    for byte in part.utf8 {
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        || "-._~".utf8.contains(byte)
      if isPlain {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        text += digits.utf8.count < 2 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return text
  }
}

extension Substring {
  /// The first place of a text in this one.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
