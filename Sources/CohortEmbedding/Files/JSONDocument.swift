internal import CSimdjson
internal import CohortCore

/// A parsed JSON document. Its values are valid as long as it lives.
///
/// `Unsafe` lies here only: simdjson's tape (its `doc/tape.md`) and the unescaped strings it points into.
final class JSONDocument {
  private let parser: OpaquePointer
  private let tape: UnsafePointer<UInt64>
  private let strings: UnsafePointer<UInt8>
  let path: String

  /// - Parameter path: where the bytes are from, for errors.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(EmbeddingError) {
    self.path = path
    guard let parser = csimdjson_parser_create(64) else { throw Self.noMemory(path) }
    let padded = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count + csimdjson_padding())
    defer { padded.deallocate() }
    padded.initialize(repeating: 0)
    UnsafeMutableRawBufferPointer(padded).copyMemory(from: bytes)
    var document = csimdjson_document()
    let status = csimdjson_parse(parser, padded.baseAddress, bytes.count, &document)
    // A vocabulary may well hold U+0000, and then the document is complete all the same.
    guard status == csimdjson_ok || status == csimdjson_nul, let tape = document.tape, let strings = document.strings
    else {
      let cause = document.message.map { String(cString: $0) }
      csimdjson_parser_destroy(parser)
      throw status == csimdjson_no_memory
        ? Self.noMemory(path) : .damaged("the file is not valid JSON", path: path, cause: cause)
    }
    (self.parser, self.tape, self.strings) = (parser, tape, strings)
  }

  deinit { csimdjson_parser_destroy(parser) }

  var root: Value { Value(document: self, index: 1) }

  private static func noMemory(_ path: String) -> EmbeddingError {
    EmbeddingError(
      code: "no-memory", category: .temporary, message: "there is not enough memory to read the file", place: path)
  }

  struct Value {
    fileprivate unowned let document: JSONDocument
    fileprivate let index: Int

    private var word: UInt64 { document.tape[index] }
    private var tag: UInt8 { UInt8(truncatingIfNeeded: word >> 56) }

    var isNull: Bool { tag == UInt8(ascii: "n") }
    var isObject: Bool { tag == UInt8(ascii: "{") }
    var isArray: Bool { tag == UInt8(ascii: "[") }

    /// The UTF-8 of a string, in place.
    var text: UnsafeBufferPointer<UInt8>? {
      guard tag == UInt8(ascii: "\"") else { return nil }
      let start = document.strings + Int(word & 0x00ff_ffff_ffff_ffff)
      let count = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
      return UnsafeBufferPointer(start: start + 4, count: Int(count))
    }

    var string: String? { text.map { String(decoding: $0, as: UTF8.self) } }

    var bool: Bool? {
      switch tag {
      case UInt8(ascii: "t"): true
      case UInt8(ascii: "f"): false
      default: nil
      }
    }

    /// A whole number from 0 up.
    var count: Int? {
      switch tag {
      case UInt8(ascii: "l"):
        Int64(bitPattern: document.tape[index + 1]) < 0
          ? nil : Int(exactly: Int64(bitPattern: document.tape[index + 1]))
      case UInt8(ascii: "u"): Int(exactly: document.tape[index + 1])
      default: nil
      }
    }

    var double: Double? {
      switch tag {
      case UInt8(ascii: "l"): Double(Int64(bitPattern: document.tape[index + 1]))
      case UInt8(ascii: "u"): Double(document.tape[index + 1])
      case UInt8(ascii: "d"): Double(bitPattern: document.tape[index + 1])
      default: nil
      }
    }

    private var next: Int {
      switch tag {
      case UInt8(ascii: "{"), UInt8(ascii: "["): Int(word & 0xffff_ffff)
      case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
      default: index + 1
      }
    }

    /// Values inside an array or object, in the order of the document; nothing in other values.
    func forEachElement(_ body: (Value) throws(EmbeddingError) -> Void) throws(EmbeddingError) {
      guard isArray else { return }
      var at = index + 1
      let end = next - 1
      while at < end {
        let value = Value(document: document, index: at)
        try body(value)
        at = value.next
      }
    }

    func forEachMember(
      _ body: (UnsafeBufferPointer<UInt8>, Value) throws(EmbeddingError) -> Void
    ) throws(EmbeddingError) {
      guard isObject else { return }
      var at = index + 1
      let end = next - 1
      while at < end {
        let key = Value(document: document, index: at)
        let value = Value(document: document, index: at + 1)
        if let text = key.text { try body(text, value) }
        at = value.next
      }
    }

    /// The value of the last member with this key, as in most parsers; nil when there is none or it is null.
    subscript(key: StaticString) -> Value? {
      guard isObject else { return nil }
      var found: Value?
      var at = index + 1
      let end = next - 1
      while at < end {
        let name = Value(document: document, index: at)
        let value = Value(document: document, index: at + 1)
        if let text = name.text,
          text.elementsEqual(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        {
          found = value.isNull ? nil : value
        }
        at = value.next
      }
      return found
    }

    var elements: [Value] {
      var all: [Value] = []
      try? forEachElement { all.append($0) }
      return all
    }
  }
}
