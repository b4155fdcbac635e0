internal import CohortCore

/// The version of the on-disk format and the features a store uses.
///
/// A store whose version is greater than `version`, or that has a required feature this program does not know, is
/// refused; an unknown optional feature is not.
enum StoreFormat {
  static let version: UInt32 = 1
  static let key = [UInt8]("format".utf8)

  /// Features a reader must know to read the store right. Bit 0: samples compressed with trained dictionaries. Bit 1:
  /// groupings by anchors and products. Bit 2: groupings with two generations of columns. Bit 3:
  /// configurations, spaces and entries of vectors with more than format 1 had at first: recipes of embedding spaces,
  /// refused samples. Bit 4: complete rounds of groupings by embedding with more than format 1 had at first: the guard,
  /// passes, the version of the rules; and balanced groupings. Bit 5: further length measures. Bit 6:
  /// embedding spaces that were dropped, and a default space.
  static let knownRequired: UInt64 = 0b1111111
  static let trainedDictionaries: UInt64 = 0b1
  static let derivedGroupings: UInt64 = 0b10
  static let generations: UInt64 = 0b100
  static let recipes: UInt64 = 0b1000
  static let embeddingRounds: UInt64 = 0b10000
  static let measures: UInt64 = 0b100000
  static let spaceChanges: UInt64 = 0b1000000

  /// The value of `meta["format"]`.
  struct Record {
    var version: UInt32
    var required: UInt64
    var optional: UInt64

    func encode() -> [UInt8] {
      var writer = ByteWriter()
      writer.fixed(version)
      writer.fixed(required)
      writer.fixed(optional)
      return Sealed.seal(writer.bytes, SealPlace(.meta, StoreFormat.key))
    }

    init(required: UInt64 = 0, optional: UInt64 = 0) {
      version = StoreFormat.version
      self.required = required
      self.optional = optional
    }

    init(_ bytes: UnsafeRawBufferPointer) throws {
      let inside = try Sealed.open(bytes, SealPlace(.meta, StoreFormat.key), "The store's format record")
      // A newer version may have appended fields: read what is known.
      var reader = ByteReader(inside)
      version = try reader.fixed()
      required = try reader.fixed()
      optional = try reader.fixed()
    }

    func check(path: String) throws {
      guard version <= StoreFormat.version else {
        throw StoreError(
          code: "newer-format", category: .failure,
          message:
            "The store was written by a newer Cohort: its format is \(version), this program knows up to \(StoreFormat.version)",
          place: path, hint: "Update Cohort; nothing was changed")
      }
      let unknown = required & ~StoreFormat.knownRequired
      guard unknown == 0 else {
        throw StoreError(
          code: "unknown-feature", category: .failure,
          message: "The store uses features that this program does not know (bits 0x\(String(unknown, radix: 16)))",
          place: path, hint: "Update Cohort; nothing was changed")
      }
    }
  }
}
