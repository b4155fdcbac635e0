internal import CohortCore
internal import CSimdjson

/// Validates and parses JSON documents one after the other. Used by one thread at a time; keeps its memory.
final class JSONParser {
  static let padding = 64

  /// What is wrong with a document, as a reason code and words.
  struct Failure: Error {
    var reason: RejectionReason
    var detail: String
  }

  private let handle: OpaquePointer
  private let depth: Int
  /// How many nested objects had a key twice when they were written back; see `CanonicalJSON`.
  private let overridden = UnsafeMutablePointer<Int>.allocate(capacity: 1)

  init(depth: Int) throws(CohortError) {
    // simdjson counts the level of a scalar too.
    guard csimdjson_padding() <= Self.padding, let handle = csimdjson_parser_create(depth + 1) else { throw .noMemory }
    self.handle = handle
    self.depth = depth
    overridden.initialize(to: 0)
  }

  deinit {
    csimdjson_parser_destroy(handle)
    overridden.deallocate()
  }

  /// How many nested objects were written with one member only of several with the same key, since the last call.
  func takeOverridden() -> Int {
    defer { overridden.pointee = 0 }
    return overridden.pointee
  }

  /// Parses `bytes`, which are followed by `padding` readable bytes. The tape is valid until the next call.
  func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(Failure) -> UnsafeTape {
    var document = csimdjson_document()
    let status = csimdjson_parse(handle, bytes.baseAddress, bytes.count, &document)
    if status == csimdjson_ok, let tape = document.tape, let strings = document.strings {
      return UnsafeTape(words: tape, strings: strings, overridden: overridden)
    }
    if status == csimdjson_number, let tape = try parseWideNumbers(bytes) { return tape }
    throw failure(status, message: document.message.map { String(cString: $0) } ?? "unknown", bytes)
  }

  /// Parses a document again that has numbers beyond 64 bits; nil when it has none.
  private func parseWideNumbers(_ bytes: UnsafeBufferPointer<UInt8>) throws(Failure) -> UnsafeTape? {
    guard let wide = WideNumbers(bytes) else { return nil }
    var document = csimdjson_document()
    let padded = wide.text + [UInt8](repeating: 0, count: Self.padding)
    let status = padded.withUnsafeBufferPointer { csimdjson_parse(handle, $0.baseAddress, wide.text.count, &document) }
    guard status == csimdjson_ok, let tape = document.tape, let strings = document.strings else {
      throw failure(status, message: document.message.map { String(cString: $0) } ?? "unknown", bytes)
    }
    wide.mark(on: UnsafeMutablePointer(mutating: tape))
    return UnsafeTape(words: tape, strings: strings, overridden: overridden)
  }

  private func failure(
    _ status: csimdjson_status, message: String, _ bytes: UnsafeBufferPointer<UInt8>
  ) -> Failure {
    switch status {
    case csimdjson_invalid_utf8:
      let place = Self.offsetOfInvalidUTF8(bytes).map { " at byte \($0)" } ?? ""
      return Failure(reason: .invalidUTF8, detail: "the record is not UTF-8\(place)")
    case csimdjson_nul:
      return Failure(reason: .nul, detail: "a string holds the character U+0000")
    case csimdjson_too_deep:
      return Failure(reason: .tooDeep, detail: "lists and objects are nested more than \(depth) deep")
    case csimdjson_number:
      return Failure(
        reason: .invalidNumber, detail: JSONDiagnosis.sentence(about: bytes) ?? "a number is malformed")
    case csimdjson_no_memory:
      return Failure(reason: .noMemory, detail: "there is not enough memory to parse the record")
    case csimdjson_invalid_string where Self.holdsLoneSurrogate(bytes):
      return Failure(reason: .loneSurrogate, detail: "an escape is one half of a surrogate pair without the other")
    default:
      if bytes.contains(0) { return Failure(reason: .nul, detail: "the record holds a zero byte") }
      return Failure(reason: .invalidJSON, detail: JSONDiagnosis.sentence(about: bytes) ?? message)
    }
  }

  private static func offsetOfInvalidUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    var decoder = UTF8()
    var offset = 0
    var iterator = bytes.makeIterator()
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): offset += UTF8.width(scalar)
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }

  /// Whether any `\u` escape is a high surrogate without a low one behind it, or a low one without a high one before.
  private static func holdsLoneSurrogate(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    func unit(at index: Int) -> UInt32? {
      guard index + 6 <= bytes.count, bytes[index] == 0x5c, bytes[index + 1] == 0x75 else { return nil }
      var value: UInt32 = 0
      for byte in bytes[(index + 2)..<(index + 6)] {
        guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
        value = value << 4 | UInt32(digit)
      }
      return value
    }
    var index = 0
    while index + 1 < bytes.count {
      guard bytes[index] == 0x5c else {
        index += 1
        continue
      }
      switch unit(at: index) {
      case .some(0xd800...0xdbff):
        guard let low = unit(at: index + 6), (0xdc00...0xdfff).contains(low) else { return true }
        index += 12
      case .some(0xdc00...0xdfff): return true
      case .some: index += 6
      case nil: index += 2
      }
    }
    return false
  }
}
