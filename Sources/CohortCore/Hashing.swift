internal import CXXHash

/// XXH3 (xxHash 0.8, seed 0): checksums of everything stored, and content identity.
public enum XXH3 {
  /// 64-bit hash. About 20 GB/s.
  public static func hash64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    XXH3_64bits(bytes.baseAddress, bytes.count)
  }

  /// 64-bit hash of an array, the same as of its buffer.
  public static func hash64(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes(hash64) }

  /// 128-bit hash, of content identity and of everything that is compared by its digest.
  public static func hash128(_ bytes: UnsafeRawBufferPointer) -> Digest128 {
    let value = XXH3_128bits(bytes.baseAddress, bytes.count)
    return Digest128(high: value.high64, low: value.low64)
  }

  /// 128-bit hash of an array, the same as of its buffer.
  public static func hash128(_ bytes: [UInt8]) -> Digest128 { bytes.withUnsafeBytes(hash128) }
}

/// A 128-bit digest: plan hashes, snapshot hashes, digests of id streams and weights. Written as 32 hexadecimal digits,
/// the high half first, as `xxhsum -H2` prints it.
public struct Digest128: Hashable, Sendable, CustomStringConvertible {
  /// The most significant 64 bits, written first.
  public let high: UInt64
  /// The least significant 64 bits.
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads 32 hexadecimal digits; nil for anything else.
  public init?(hexadecimal text: String) {
    guard text.utf8.count == 32, text.utf8.allSatisfy({ Self.isHexadecimal($0) }) else { return nil }
    let middle = text.index(text.startIndex, offsetBy: 16)
    guard let high = UInt64(text[..<middle], radix: 16), let low = UInt64(text[middle...], radix: 16) else {
      return nil
    }
    self.init(high: high, low: low)
  }

  public var description: String { high.hexadecimal + low.hexadecimal }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}

/// A running 128-bit XXH3 over values given one after the other.
public struct StreamingDigest: ~Copyable {
  private let state: OpaquePointer?

  /// The digest of nothing yet. The state is freed with the value.
  public init() {
    state = XXH3_createState()
    XXH3_128bits_reset(state)
  }

  deinit { XXH3_freeState(state) }

  /// The bytes alone: pieces are not delimited, so variable-length values need their length given before them.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    XXH3_128bits_update(state, bytes.baseAddress, bytes.count)
  }

  /// The integer's little-endian bytes.
  public mutating func update<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { update($0) }
  }

  /// The digest of all that was given so far: the same as `XXH3.hash128` of it in one piece.
  public func finish() -> Digest128 {
    let value = XXH3_128bits_digest(state)
    return Digest128(high: value.high64, low: value.low64)
  }
}

extension UInt64 {
  /// 16 hexadecimal digits: how digests of 64 bits are written.
  public var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension Sequence<UInt8> {
  /// Two digits a byte, in lower case.
  public var hexadecimal: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
