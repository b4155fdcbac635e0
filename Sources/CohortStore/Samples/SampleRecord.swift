internal import CohortCore

/// The stored form of one sample (`samples[id]`):
///
/// ```
///  0  u64  checksum of all that follows
///  8  u8   layout version (1)
///  9  u8   codec: 0 plain, 1 zstd, 2 zstd with a trained dictionary, 255 deleted (no payload)
/// 10  u16  dictionary, for codec 2
/// 12  u32  source
/// 16  u32  task
/// 20  u32  bytes of content before compression
/// 24  u32  bytes of attributes before compression
/// 28  u64  line
/// 36  payload: content, then attributes, through the codec
/// ```
struct SampleRecord {
  static let headerSize = 36
  static let layoutVersion: UInt8 = 1

  var codec: PayloadCodec
  var dictionary: UInt16
  var source: SourceID
  var task: TaskID
  var contentSize: Int
  var attributesSize: Int
  var line: UInt64

  /// Writes the header in front of a payload that is there already, and the checksum.
  func seal(_ bytes: UnsafeMutableRawBufferPointer, id: UInt64) {
    bytes[8] = Self.layoutVersion
    bytes[9] = codec.rawValue
    bytes.storeBytes(of: dictionary.littleEndian, toByteOffset: 10, as: UInt16.self)
    bytes.storeBytes(of: source.rawValue.littleEndian, toByteOffset: 12, as: UInt32.self)
    bytes.storeBytes(of: task.rawValue.littleEndian, toByteOffset: 16, as: UInt32.self)
    bytes.storeBytes(of: UInt32(contentSize).littleEndian, toByteOffset: 20, as: UInt32.self)
    bytes.storeBytes(of: UInt32(attributesSize).littleEndian, toByteOffset: 24, as: UInt32.self)
    bytes.storeBytes(of: line.littleEndian, toByteOffset: 28, as: UInt64.self)
    Sealed.close(bytes, SealPlace(.samples, id))
  }

  /// Checks and reads a stored record; the payload stays in place.
  static func open(_ bytes: UnsafeRawBufferPointer, id: UInt64) throws -> (
    header: SampleRecord, payload: UnsafeRawBufferPointer
  ) {
    _ = try Sealed.open(bytes, SealPlace(.samples, id), "Sample \(id)")
    guard bytes.count >= headerSize, bytes[8] == layoutVersion, let codec = PayloadCodec(rawValue: bytes[9]) else {
      throw CohortError.corrupted("Sample \(id)", cause: "its header is not valid")
    }
    func word<T: FixedWidthInteger>(_ at: Int) -> T {
      T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
    }
    let header = SampleRecord(
      codec: codec, dictionary: word(10), source: SourceID(word(12)), task: TaskID(word(16)),
      contentSize: Int(word(20) as UInt32), attributesSize: Int(word(24) as UInt32), line: word(28))
    return (header, UnsafeRawBufferPointer(rebasing: bytes[headerSize...]))
  }
}

/// How a sample's payload is stored.
enum PayloadCodec: UInt8 {
  case plain = 0
  case zstd = 1
  case zstdWithDictionary = 2
  case deleted = 255
}
