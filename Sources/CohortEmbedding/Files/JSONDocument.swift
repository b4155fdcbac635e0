internal import CSimdjson
internal import CohortCore

/// Reads JSON: simdjson's tape (its `doc/tape.md`) and the unescaped strings it points into, in place.
enum JSONDocument {
  /// Parses a document and gives its root to `body`. Values are valid until that returns.
  /// - Parameter path: where the bytes are from, for errors.
  static func read<R>(
    _ bytes: UnsafeRawBufferPointer, path: String, _ body: (Value) throws(CohortError) -> R
  ) throws(CohortError) -> R {
    guard let parser = csimdjson_parser_create(64) else { throw noMemory(path) }
    defer { csimdjson_parser_destroy(parser) }
    let padded = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + csimdjson_padding(), alignment: 64)
    defer { padded.deallocate() }
    padded.copyMemory(from: bytes)
    UnsafeMutableRawBufferPointer(rebasing: padded[bytes.count...]).initializeMemory(as: UInt8.self, repeating: 0)
    var document = csimdjson_document()
    let status = csimdjson_parse(
      parser, padded.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &document)
    // A vocabulary may well hold U+0000, and then the document is complete all the same.
    guard status == csimdjson_ok || status == csimdjson_nul, let tape = document.tape, let strings = document.strings
    else {
      if status == csimdjson_no_memory { throw noMemory(path) }
      throw .damaged(
        "the file is not valid JSON", path: path, cause: document.message.map { String(cString: $0) })
    }
    return try body(Value(tape: tape, strings: strings, index: 1))
  }

  private static func noMemory(_ path: String) -> CohortError {
    CohortError(.embeddingNoMemory, "there is not enough memory to read the file", place: path)
  }

  struct Value {
    fileprivate let tape: UnsafePointer<UInt64>
    fileprivate let strings: UnsafePointer<UInt8>
    fileprivate let index: Int

    private var word: UInt64 { tape[index] }
    private var tag: UInt8 { UInt8(truncatingIfNeeded: word >> 56) }

    var isNull: Bool { tag == UInt8(ascii: "n") }
    var isObject: Bool { tag == UInt8(ascii: "{") }
    var isArray: Bool { tag == UInt8(ascii: "[") }

    /// The UTF-8 of a string, in place.
    var text: UnsafeBufferPointer<UInt8>? {
      guard tag == UInt8(ascii: "\"") else { return nil }
      let start = strings + Int(word & 0x00ff_ffff_ffff_ffff)
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
        Int64(bitPattern: tape[index + 1]) < 0
          ? nil : Int(exactly: Int64(bitPattern: tape[index + 1]))
      case UInt8(ascii: "u"): Int(exactly: tape[index + 1])
      default: nil
      }
    }

    var double: Double? {
      switch tag {
      case UInt8(ascii: "l"): Double(Int64(bitPattern: tape[index + 1]))
      case UInt8(ascii: "u"): Double(tape[index + 1])
      case UInt8(ascii: "d"): Double(bitPattern: tape[index + 1])
      default: nil
      }
    }

    private func at(_ index: Int) -> Value { Value(tape: tape, strings: strings, index: index) }

    private var next: Int {
      switch tag {
      case UInt8(ascii: "{"), UInt8(ascii: "["): Int(word & 0xffff_ffff)
      case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
      default: index + 1
      }
    }

    /// Values inside an array or object, in the order of the document; nothing in other values.
    func forEachElement(_ body: (Value) throws(CohortError) -> Void) throws(CohortError) {
      guard isArray else { return }
      var place = index + 1
      let end = next - 1
      while place < end {
        let value = at(place)
        try body(value)
        place = value.next
      }
    }

    func forEachMember(
      _ body: (UnsafeBufferPointer<UInt8>, Value) throws(CohortError) -> Void
    ) throws(CohortError) {
      guard isObject else { return }
      var place = index + 1
      let end = next - 1
      while place < end {
        let key = at(place)
        let value = at(place + 1)
        if let text = key.text { try body(text, value) }
        place = value.next
      }
    }

    /// The value of the last member with this key, as in most parsers; nil when there is none or it is null.
    subscript(key: StaticString) -> Value? {
      guard isObject else { return nil }
      var found: Value?
      var place = index + 1
      let end = next - 1
      while place < end {
        let name = at(place)
        let value = at(place + 1)
        if let text = name.text,
          text.elementsEqual(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        {
          found = value.isNull ? nil : value
        }
        place = value.next
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
