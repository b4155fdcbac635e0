internal import CohortCore

/// Values that end in the XXH3-64 checksum of all bytes before it.
enum Checksummed {
  /// The bytes that the checksum vouches for.
  /// - Throws: `core.truncated` when there are too few bytes, `core.invalid` when the checksum differs.
  static func body(of bytes: [UInt8]) throws -> ArraySlice<UInt8> {
    guard bytes.count >= 8 else { throw CohortError.truncated("the checksum", at: bytes.count) }
    let body = bytes.dropLast(8)
    let (stored, computed) = try bytes.withUnsafeBytes { raw in
      var reader = ByteReader(UnsafeRawBufferPointer(rebasing: raw[body.count...]))
      return (try reader.fixed(UInt64.self), XXH3.hash64(UnsafeRawBufferPointer(rebasing: raw[..<body.count])))
    }
    guard stored == computed else {
      throw CohortError.invalid(
        "the checksum", at: body.count,
        cause: "stored \(stored.hexadecimal), computed \(computed.hexadecimal)")
    }
    return body
  }
}
