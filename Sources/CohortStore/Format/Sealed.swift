internal import CohortCore

/// Values with an XXH3-64 checksum in their first 8 bytes: over all that follows, mixed with the table and the key. LMDB's
/// pages have none, so every value that Cohort stores carries its own, verified whenever it is read. Because the key is
/// in it, a sound value that turns up under another key is found out, too.
enum Sealed {
  static let headerSize = 8

  /// The bytes with their checksum in front.
  static func seal(_ bytes: [UInt8], _ place: SealPlace) -> [UInt8] {
    var writer = ByteWriter(capacity: bytes.count + headerSize)
    writer.fixed(XXH3.hash64(bytes) ^ place.salt)
    writer.raw(bytes)
    return writer.bytes
  }

  /// Writes the checksum of a value whose first 8 bytes were left free.
  static func close(_ bytes: UnsafeMutableRawBufferPointer, _ place: SealPlace) {
    let body = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[headerSize...])
    bytes.storeBytes(of: (XXH3.hash64(body) ^ place.salt).littleEndian, as: UInt64.self)
  }

  /// The bytes behind the checksum, in place, if it is right.
  static func open(
    _ bytes: UnsafeRawBufferPointer, _ place: SealPlace, _ what: @autoclosure () -> String
  ) throws -> UnsafeRawBufferPointer {
    guard bytes.count >= headerSize else {
      throw CohortError.corrupted(what(), cause: "it has only \(bytes.count) bytes")
    }
    let body = UnsafeRawBufferPointer(rebasing: bytes[headerSize...])
    let expected = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard XXH3.hash64(body) ^ place.salt == expected else {
      throw CohortError.corrupted(what(), cause: "its checksum does not match")
    }
    return body
  }

  /// Opens and decodes a value; anything wrong with its layout is corruption, too.
  static func decode<R>(
    _ bytes: UnsafeRawBufferPointer, _ place: SealPlace, _ what: @autoclosure () -> String,
    _ body: (inout ByteReader) throws -> R
  ) throws -> R {
    let inside = try open(bytes, place, what())
    do {
      return try ByteReader.decode(inside, body)
    } catch let error as CohortError where error.isFormat {
      throw CohortError.corrupted(what(), cause: error.description)
    }
  }
}

/// Where a value belongs, as far as its checksum is concerned.
struct SealPlace: Hashable, Sendable {
  /// The tables' numbers in checksums. Part of the format: never change one.
  enum Table: UInt64 {
    case meta = 1
    case log = 2
    case samples = 3
    case identity = 4
    case columns = 5
    case names = 6
    case groups = 7
    case membership = 8
    case quarantine = 9
    case dictionaries = 10
    case runs = 11
  }

  let salt: UInt64

  /// `finalize(key ^ finalize(table + 0x9e3779b97f4a7c15))`, with SplitMix64's finaliser.
  init(number table: UInt64, _ key: UInt64) {
    salt = Mixing.finalize(key ^ Mixing.finalize(table &+ 0x9e37_79b9_7f4a_7c15))
  }

  init(_ table: Table, _ key: UInt64) { self.init(number: table.rawValue, key) }

  /// The same with the XXH3-64 of the key.
  init(_ table: Table, _ key: [UInt8]) { self.init(table, XXH3.hash64(key)) }

  init(_ table: Table, _ key: UnsafeRawBufferPointer) { self.init(table, XXH3.hash64(key)) }
}
