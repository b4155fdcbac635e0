/// Appends values to a byte array: little-endian fixed-width integers, LEB128 variable-length integers, and strings as
/// length + UTF-8. Every on-disk layout of Cohort is written with it, so that the same value gives the same bytes on
/// every platform.
public struct ByteWriter: Sendable {
  /// All that was written, in order.
  public private(set) var bytes: [UInt8]

  /// An empty writer.
  /// - Parameter capacity: bytes to reserve; a hint that saves copies, not a limit.
  public init(capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  /// Bytes written so far: where the next value starts.
  public var count: Int { bytes.count }

  /// `width` little-endian bytes.
  public mutating func fixed<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// IEEE 754 bits, little-endian.
  public mutating func fixed(_ value: Float) { fixed(value.bitPattern) }

  /// IEEE 754 bits, little-endian.
  public mutating func fixed(_ value: Double) { fixed(value.bitPattern) }

  /// All values, each as `fixed` writes it. One copy on a little-endian machine.
  public mutating func fixed<T: FixedWidthInteger>(contentsOf values: [T]) {
    guard T(littleEndian: 1) == 1 else { return values.forEach { fixed($0) } }
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  /// All values, each as `fixed` writes it. One copy on a little-endian machine.
  public mutating func fixed(contentsOf values: [Float]) {
    guard UInt32(littleEndian: 1) == 1 else { return values.forEach { fixed($0) } }
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  /// Unsigned LEB128: 7 bits a byte, lowest first, 1 to 10 bytes.
  public mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Unsigned LEB128 of a count; negative counts are a programmer error.
  public mutating func varint(_ value: Int) {
    precondition(value >= 0, "a count is never negative")
    varint(UInt64(value))
  }

  /// The bytes without a length: the reader must know how many there are.
  public mutating func raw(_ values: some Sequence<UInt8>) { bytes.append(contentsOf: values) }

  /// LEB128 length, then the bytes.
  public mutating func blob(_ values: some Collection<UInt8>) {
    varint(values.count)
    bytes.append(contentsOf: values)
  }

  /// LEB128 length of the UTF-8, then the UTF-8.
  public mutating func string(_ value: String) {
    var value = value
    value.withUTF8 {
      varint($0.count)
      bytes.append(contentsOf: $0)
    }
  }

  /// One byte: 0 for nil, else 1 and the string.
  public mutating func optional(_ value: String?) {
    guard let value else { return fixed(UInt8(0)) }
    fixed(UInt8(1))
    string(value)
  }

  /// Writes over bytes that are already there, for a length or a checksum known only later.
  public mutating func overwrite<T: FixedWidthInteger>(at offset: Int, with value: T) {
    precondition(offset >= 0 && offset + MemoryLayout<T>.size <= bytes.count, "overwrite beyond the bytes")
    withUnsafeBytes(of: value.littleEndian) {
      for (i, byte) in $0.enumerated() { bytes[offset + i] = byte }
    }
  }
}
