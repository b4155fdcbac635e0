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
  static let trainedDictionaries = StoreFeature(bit: 0, "trained-dictionaries")
  /// Groupings by anchors and products.
  static let derivedGroupings = StoreFeature(bit: 1, "derived-groupings")
  /// Groupings with two generations of columns.
  static let generations = StoreFeature(bit: 2, "generations")
  /// Configurations, spaces and entries of vectors with more than format 1 had at first: recipes of embedding spaces,
  /// refused samples.
  static let recipes = StoreFeature(bit: 3, "recipes")
  /// Complete rounds of groupings by embedding with more than format 1 had at first: the guard, passes, the version of the
  /// rules; and balanced groupings.
  static let embeddingRounds = StoreFeature(bit: 4, "embedding-rounds")
  /// Further length measures.
  static let measures = StoreFeature(bit: 5, "length-measures")
  /// Embedding spaces that were dropped, and a default space.
  static let spaceChanges = StoreFeature(bit: 6, "space-changes")
  /// Length measures that count a part of each message.
  static let measuredParts = StoreFeature(bit: 7, "length-parts")
  /// Sources with a licence or an owner.
  static let sourceTerms = StoreFeature(bit: 8, "source-terms")

  /// What this program knows.
  static let features = [
    trainedDictionaries, derivedGroupings, generations, recipes, embeddingRounds, measures, spaceChanges,
    measuredParts, sourceTerms, PlanMembers.feature,
  ]

  /// The value of `meta["format"]`.
  struct Record {
    var version: UInt32
    private var required: UInt64 = 0
    private var optional: UInt64 = 0
    /// The features that have a name in the record: those from the eighth required bit on, and all optional ones.
    private var named: [StoreFeature] = []
    /// What a later version appended.
    private var rest: [UInt8] = []

    private static let firstNamed: UInt8 = 7

    init(_ features: [StoreFeature] = []) {
      version = StoreFormat.version
      for feature in features { insert(feature) }
    }

    func contains(_ feature: StoreFeature) -> Bool { (feature.isRequired ? required : optional) & feature.mask != 0 }

    mutating func insert(_ feature: StoreFeature) {
      guard !contains(feature) else { return }
      if feature.isRequired { required |= feature.mask } else { optional |= feature.mask }
      if !feature.isRequired || feature.bit >= Self.firstNamed { named.append(feature) }
    }

    func encode() -> [UInt8] {
      var writer = ByteWriter()
      writer.fixed(version)
      writer.fixed(required)
      writer.fixed(optional)
      if !named.isEmpty || !rest.isEmpty {
        writer.varint(named.count)
        for feature in named {
          writer.fixed(feature.bit)
          writer.fixed(UInt8(feature.isRequired ? 1 : 0))
          writer.string(feature.name)
        }
      }
      writer.raw(rest)
      return Sealed.seal(writer.bytes, SealPlace(.meta, StoreFormat.key))
    }

    init(_ bytes: UnsafeRawBufferPointer) throws {
      let inside = try Sealed.open(bytes, SealPlace(.meta, StoreFormat.key), "The store's format record")
      // A newer version may have appended fields: read what is known.
      var reader = ByteReader(inside)
      version = try reader.fixed()
      required = try reader.fixed()
      optional = try reader.fixed()
      rest = [UInt8](inside[reader.offset...])
      guard let features = try? Self.names(&reader) else { return }
      named = features
      rest = [UInt8](inside[reader.offset...])
    }

    private static func names(_ reader: inout ByteReader) throws -> [StoreFeature] {
      guard reader.remaining > 0 else { return [] }
      return try (0..<(try reader.count(unit: 3))).map { _ in
        let (bit, isRequired): (UInt8, UInt8) = (try reader.fixed(), try reader.fixed())
        guard bit < 64 else { throw CohortError.invalid("the bit of a feature") }
        return StoreFeature(bit: bit, try reader.string(), isRequired: isRequired != 0)
      }
    }

    /// - Parameter known: the features that the program knows.
    func check(path: String, known: [StoreFeature] = StoreFormat.features) throws {
      guard version <= StoreFormat.version else {
        throw CohortError(
          .storeNewerFormat,
          "The store was written by a newer Cohort: its format is \(version), this program knows up to \(StoreFormat.version)",
          place: path, hint: "Update Cohort; nothing was changed")
      }
      let unknown = known.reduce(required) { $1.isRequired ? $0 & ~$1.mask : $0 }
      guard unknown != 0 else { return }
      let names = named.filter { $0.isRequired && $0.mask & unknown != 0 }
      let what = names.map { "'\($0.name)'" }.joined(separator: ", ")
      let isNamed = names.reduce(unknown) { $0 & ~$1.mask } == 0
      throw CohortError(
        .storeUnknownFeature,
        isNamed
          ? "The store uses \(what), which this program does not know"
          : "The store uses features that this program does not know (bits 0x\(String(unknown, radix: 16)))",
        place: path, hint: "Update Cohort; nothing was changed")
    }
  }
}

extension GroupingFeature {
  /// How the store notes it.
  var feature: StoreFeature {
    switch self {
    case .derivedGroupings: StoreFormat.derivedGroupings
    case .embeddingRounds: StoreFormat.embeddingRounds
    }
  }
}

/// Something that a store uses beyond what its format had at first.
package struct StoreFeature: Hashable, Sendable {
  /// Of the required features, or of the optional ones: 0 to 63. Part of the format: never change one.
  package let bit: UInt8
  /// What an older program calls it when it refuses the store.
  package let name: String
  /// Whether a reader must know it to read the rest of the store right.
  package let isRequired: Bool

  package init(bit: UInt8, _ name: String, isRequired: Bool = true) {
    precondition(bit < 64, "a feature's bit")
    self.bit = bit
    self.name = name
    self.isRequired = isRequired
  }

  var mask: UInt64 { 1 << UInt64(bit) }
}
