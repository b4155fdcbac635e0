internal import CohortCore
internal import CohortStore

/// What a product remembers of its last update. Layout in `Schemas/grouping-state.md`.
struct ProductState: Hashable {
  /// Of everything that a product is computed from: equal stamps mean that nothing changed.
  struct Stamp: Hashable {
    var first: UInt64
    var second: UInt64
    /// Samples of the store that are deleted.
    var deleted: UInt64
  }

  /// How often the product was computed and had changed.
  var updates: UInt64 = 0
  var stamp: Stamp
  /// Digest of the cells' sizes.
  var digest: UInt64

  static let layoutVersion: UInt8 = 1

  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.fixed(Self.layoutVersion)
    for value in [updates, stamp.first, stamp.second, stamp.deleted, digest] { writer.fixed(value) }
    return writer.bytes
  }
}

extension ProductState {
  /// - Throws: `core.truncated`, `core.invalid`.
  init(decoding bytes: [UInt8]) throws {
    self = try ByteReader.decode(bytes) { reader in
      let version = try reader.fixed(UInt8.self)
      guard version == Self.layoutVersion else {
        throw CohortError.invalid("a product's state", at: 0, cause: "layout version \(version) is not known")
      }
      return ProductState(
        updates: try reader.fixed(),
        stamp: Stamp(first: try reader.fixed(), second: try reader.fixed(), deleted: try reader.fixed()),
        digest: try reader.fixed())
    }
  }
}

extension GroupingRecord {
  /// Of the state of a factor: what its assignments are a function of.
  var stamp: UInt64 {
    var writer = ByteWriter()
    for position in [applied, provisional] {
      writer.fixed(position.sequence.rawValue)
      writer.fixed(position.offset)
    }
    writer.raw(engineState)
    return XXH3.hash64(writer.bytes)
  }
}
