internal import CohortCore

/// The version of the on-disk format and the features a store uses.
///
/// A store whose version is greater than `version`, or that has a required feature this program does not know, is
/// refused; an unknown optional feature is not.
enum StoreFormat {
  static let version: UInt32 = 1
  static let key = [UInt8]("format".utf8)

  // Features that a reader must know to read the store right.

  /// Samples compressed with trained dictionaries.
  static let trainedDictionaries: UInt64 = 1 << 0
  /// Groupings by anchors and products.
  static let derivedGroupings: UInt64 = 1 << 1
  /// Groupings with two generations of columns.
  static let generations: UInt64 = 1 << 2
  /// Configurations, spaces and entries of vectors with more than format 1 had at first: recipes of embedding spaces,
  /// refused samples.
  static let recipes: UInt64 = 1 << 3
  /// Complete rounds of groupings by embedding with more than format 1 had at first: the guard, passes, the version of the
  /// rules; and balanced groupings.
  static let embeddingRounds: UInt64 = 1 << 4
  /// Further length measures.
  static let measures: UInt64 = 1 << 5
  /// Embedding spaces that were dropped, and a default space.
  static let spaceChanges: UInt64 = 1 << 6

  /// All of them.
  static let knownRequired: UInt64 =
    trainedDictionaries | derivedGroupings | generations | recipes | embeddingRounds | measures | spaceChanges

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
        throw CohortError(
          .storeNewerFormat,
          "The store was written by a newer Cohort: its format is \(version), this program knows up to \(StoreFormat.version)",
          place: path, hint: "Update Cohort; nothing was changed")
      }
      let unknown = required & ~StoreFormat.knownRequired
      guard unknown == 0 else {
        throw CohortError(
          .storeUnknownFeature,
          "The store uses features that this program does not know (bits 0x\(String(unknown, radix: 16)))", place: path,
          hint: "Update Cohort; nothing was changed")
      }
    }
  }
}

extension GroupingFeature {
  /// The bit of the store's required features that notes it.
  var bit: UInt64 {
    switch self {
    case .derivedGroupings: StoreFormat.derivedGroupings
    case .embeddingRounds: StoreFormat.embeddingRounds
    }
  }
}
