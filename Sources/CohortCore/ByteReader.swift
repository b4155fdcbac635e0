/// Reads what `ByteWriter` wrote. Never traps: anything that does not fit is a `CohortError` with its offset.
///
/// The reader borrows its bytes; it must not outlive them.
public struct ByteReader {
  private let bytes: UnsafeRawBufferPointer
  /// Bytes read so far: where the next value starts.
  public private(set) var offset: Int

  /// Borrows the bytes, which must outlive the reader. Begins at their first byte.
  public init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    offset = 0
  }

  /// Reads a whole array with `body`, and refuses bytes that `body` left over.
  public static func decode<R>(_ bytes: [UInt8], _ body: (inout ByteReader) throws -> R) throws -> R {
    try bytes.withUnsafeBytes { try decode($0, body) }
  }

  /// Reads a whole buffer with `body`, and refuses bytes that `body` left over.
  public static func decode<R>(
    _ bytes: UnsafeRawBufferPointer, _ body: (inout ByteReader) throws -> R
  ) throws -> R {
    var reader = ByteReader(bytes)
    let result = try body(&reader)
    guard reader.remaining == 0 else { throw CohortError.invalid("the end of the value", at: reader.offset) }
    return result
  }

  /// Bytes not read yet.
  public var remaining: Int { bytes.count - offset }

  /// An integer as its size in little-endian bytes.
  /// - Throws: `core.truncated`.
  public mutating func fixed<T: FixedWidthInteger>(_ type: T.Type = T.self) throws -> T {
    let size = MemoryLayout<T>.size
    guard remaining >= size else { throw CohortError.truncated("an integer", at: offset) }
    defer { offset += size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// One byte: as `fixed(UInt8.self)`, and much quicker where that is not specialised.
  /// - Throws: `core.truncated`.
  public mutating func byte() throws -> UInt8 {
    guard offset < bytes.count else { throw CohortError.truncated("an integer", at: offset) }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// Four bytes, little-endian, as the bits of a number: every NaN keeps its bits.
  public mutating func float() throws -> Float { Float(bitPattern: try fixed(UInt32.self)) }

  /// Eight bytes, little-endian, as the bits of a number: every NaN keeps its bits.
  public mutating func double() throws -> Double { Double(bitPattern: try fixed(UInt64.self)) }

  /// Unsigned LEB128, at most ten bytes. Padding with zeros within them is accepted.
  /// - Throws: `core.truncated`; `core.invalid` for a value beyond 64 bits.
  public mutating func varint() throws -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      guard shift < 63 || byte <= 1 else { throw CohortError.invalid("a variable-length integer", at: offset) }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    throw CohortError.truncated("a variable-length integer", at: offset)
  }

  /// A count that fits what is left: no allocation can be talked into more than the bytes that are there.
  /// `unit` is the least number of bytes one element takes.
  public mutating func count(unit: Int = 1) throws -> Int {
    let at = offset
    let value = try varint()
    guard value <= UInt64(remaining / max(unit, 1)) else { throw CohortError.truncated("a list", at: at) }
    return Int(value)
  }

  /// The next `count` bytes, in place.
  public mutating func raw(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count >= 0, remaining >= count else { throw CohortError.truncated("a byte string", at: offset) }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
  }

  /// Length and bytes, in place: valid as long as the reader's own bytes.
  public mutating func blob() throws -> UnsafeRawBufferPointer { try raw(try count()) }

  /// Length and bytes, and where the bytes lie: offsets from the first byte of all.
  /// - Throws: `core.truncated`.
  public mutating func blobPlace() throws -> Range<Int> {
    let count = try count()
    defer { offset += count }
    return offset..<(offset + count)
  }

  /// Length in bytes and UTF-8, as `ByteWriter.string` writes it.
  /// - Throws: `core.truncated`; `core.invalid` for bytes that are not UTF-8: nothing is repaired.
  /// - Complexity: O(n) over the bytes, which are copied.
  public mutating func string() throws -> String {
    let at = offset
    let utf8 = try blob()
    guard let text = String(validating: utf8.bindMemory(to: UInt8.self), as: UTF8.self) else {
      throw CohortError.invalid("UTF-8 text", at: at)
    }
    return text
  }

  /// What `ByteWriter.optional` wrote.
  /// - Throws: as `string()`; `core.invalid` for a first byte other than 0 and 1.
  public mutating func optionalString() throws -> String? {
    switch try fixed(UInt8.self) {
    case 0: return nil
    case 1: return try string()
    default: throw CohortError.invalid("an optional", at: offset - 1)
    }
  }
}
