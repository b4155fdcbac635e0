internal import CohortCore
internal import CohortLMDB

/// How payloads are to be packed anew. Samples never change, so this may: whoever asks for one gets the same bytes.
public enum PayloadPacking: Hashable, Sendable {
  /// As they are: the quickest to read, and what deduplicating file systems and archives can work with.
  case plain
  /// By zstd at a level of 1 to 19, with the store's current dictionary if it has one.
  case zstd(level: Int32)

  /// What zstd calls levels; those beyond 19 want more memory from every reader.
  public static let levels: ClosedRange<Int32> = 1...19
  /// A third smaller than what comes in fresh at level 1, in some seven times its time; reading takes no longer.
  public static let standard = PayloadPacking.zstd(level: 9)
}

/// How far payloads were packed anew, how, and where these samples lie. The value of `meta["packing"]`, which is there once
/// they were:
///
/// ```
/// u64 checksum | u8 layout version (1) | u8 codec: 0 plain, 1 zstd | u8 level
/// | u64 samples in the store when it was last looked for a better dictionary
/// | varint n, n x (u8 table, u64 end): the samples before each end, from the end before it on, are in that table
/// ```
struct PackingState: Equatable {
  static let key = [UInt8]("packing".utf8)
  private static let place = SealPlace(.meta, key)
  private static let layoutVersion: UInt8 = 1

  /// Neighbouring samples in a table of their own.
  struct Segment: Equatable {
    /// A number of `PackedTables.all`.
    var table: Int
    /// The first sample behind them.
    var end: UInt64
  }

  var packing = PayloadPacking.standard
  var trainedAt: UInt64 = 0
  /// In the order of the ids. The first one is packed as `packing` says; a second one is what it has still to take over.
  var segments: [Segment] = []

  /// The first sample that is not packed as `packing` says.
  var end: UInt64 { segments.first?.end ?? 0 }

  init() {}

  init(_ bytes: UnsafeRawBufferPointer) throws {
    self = try Sealed.decode(bytes, Self.place, "The record of how samples are packed") { reader in
      var state = PackingState()
      let version: UInt8 = try reader.fixed()
      guard version == Self.layoutVersion else {
        throw CohortError.invalid("its layout version", at: reader.offset - 1)
      }
      let codec: UInt8 = try reader.fixed()
      let level: UInt8 = try reader.fixed()
      switch codec {
      case PayloadCodec.plain.rawValue: state.packing = .plain
      case PayloadCodec.zstd.rawValue: state.packing = .zstd(level: Int32(level))
      default: throw CohortError.invalid("the codec", at: reader.offset - 2)
      }
      state.trainedAt = try reader.fixed()
      for _ in 0..<(try reader.count(unit: 9)) {
        let table: UInt8 = try reader.fixed()
        let segment = Segment(table: Int(table), end: try reader.fixed())
        guard PackedTables.all.indices.contains(segment.table), segment.end >= state.segments.last?.end ?? 0,
          !state.segments.contains(where: { $0.table == segment.table })
        else { throw CohortError.invalid("where samples lie", at: reader.offset - 9) }
        state.segments.append(segment)
      }
      return state
    }
  }

  func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(Self.layoutVersion)
    switch packing {
    case .plain:
      writer.fixed(PayloadCodec.plain.rawValue)
      writer.fixed(UInt8(0))
    case .zstd(let level):
      writer.fixed(PayloadCodec.zstd.rawValue)
      writer.fixed(UInt8(clamping: level))
    }
    writer.fixed(trainedAt)
    writer.varint(segments.count)
    for segment in segments {
      writer.fixed(UInt8(segment.table))
      writer.fixed(segment.end)
    }
    return Sealed.seal(writer.bytes, Self.place)
  }
}

/// Packs payloads in one way; made once for a run, and used by any number of threads.
public struct PayloadPacker: Sendable {
  /// How it packs.
  public let packing: PayloadPacking
  let dictionary: CompressionDictionary?

  var dictionaryNumber: UInt16 { dictionary?.number ?? 0 }

  func makeCompressor() -> PayloadCompressor? {
    guard case .zstd(let level) = packing else { return nil }
    return PayloadCompressor(dictionary: dictionary, level: level)
  }
}

extension ReadTransaction {
  /// What packs payloads with the dictionary that the store has now.
  /// - Throws: `store.corrupted`.
  public func packer(_ packing: PayloadPacking) throws -> PayloadPacker {
    let number = try counters.dictionary
    guard case .zstd(let level) = packing, number > 0 else { return PayloadPacker(packing: packing, dictionary: nil) }
    guard let stored = try unsafe.get(tables.dictionaries, UInt64(number)) else {
      throw CohortError.missing("Dictionary \(number)")
    }
    let bytes = try Sealed.open(stored, SealPlace(.dictionaries, UInt64(number)), "Dictionary \(number)")
    return PayloadPacker(
      packing: packing, dictionary: CompressionDictionary(number: number, bytes: bytes, level: level))
  }

  /// Where the samples begin that are still to be packed this way: those before were. (With the dictionary of that time: a
  /// better one is for those that come later.)
  public func firstUnpacked(_ packing: PayloadPacking) -> UInt64 {
    state.packing.packing == packing ? state.packing.end : 0
  }

  /// How samples were packed anew the last time; nil before the first.
  public var lastPacking: PayloadPacking? { state.packing.end > 0 ? state.packing.packing : nil }

  /// A packing that took over a part of what was packed otherwise before: it has to come to its end before another begins.
  public var unfinishedPacking: PayloadPacking? {
    state.packing.segments.count > 1 ? state.packing.packing : nil
  }
}
