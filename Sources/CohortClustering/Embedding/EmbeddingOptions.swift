internal import CohortCore

/// Choices that are part of an embedding grouping's state.
public struct EmbeddingOptions: Hashable, Sendable {
  /// How far a repair looks: only at members of the groups that are among this many nearest ones of a moved centroid. 0
  /// looks at everyone, so that each sample is on its nearest centroid; `automatic` does so up to 1,048,576 samples and
  /// looks at 64 groups above.
  public var repairRange: UInt32
  /// Whether the groups are compared with a fresh k-means of a part of the samples each time their number has doubled.
  /// Groupings made before there was a guard have none.
  public var isGuarded: Bool

  /// With more groups than this, samples are compared with the groups of the nearest branches of a two-level tree instead
  /// of with all. Not stored, because only tests set it.
  package var mostSearched = 10_000
  /// Whether rounds remember which centroids can be near which, to compute less. Not stored, because only tests unset it.
  package var keepsProducts = true

  /// A repair range that follows the size of the store.
  public static let automatic: UInt32 = .max

  public init(repairRange: UInt32 = automatic, isGuarded: Bool = true) {
    self.repairRange = repairRange
    self.isGuarded = isGuarded
  }

  func range(total: UInt64) -> Int {
    repairRange == Self.automatic ? (total > 1 << 20 ? 64 : 0) : Int(repairRange)
  }
}

/// What a comparison of the groups with a fresh k-means found.
public struct GuardReading: Hashable, Sendable {
  /// Change records that had been applied.
  public var position: UInt64
  /// Mean squared distance of held-out samples to their groups' published centroids, divided by that to the nearest
  /// centroids of a fresh k-means with as many groups. Below 1, starting over would not pay.
  public var ratio: Double

}

/// What the header of a stored embedding grouping holds beside the common fields: readable without the groups.
public struct EmbeddingHeader: Hashable, Sendable {
  /// What was chosen when the grouping was created.
  public var options: EmbeddingOptions
  /// What the guard found last; nil before its first comparison.
  public var lastGuard: GuardReading?
  /// Version of the rules by which the last round was made (`GroupingState.rulesVersion`).
  public var rules: UInt32
}

extension EmbeddingHeader {
  /// Reads it out of a whole header; nil for a grouping that is not by embedding.
  /// - Throws: `core.truncated`, `core.invalid` when the header cannot be read.
  public init?(in header: [UInt8]) throws {
    let fields = try ByteReader.decode([UInt8](header.dropLast(8))) { try StoredHeader(from: &$0) }
    guard fields.definition.criterion is EmbeddingKind else { return nil }
    self = try ByteReader.decode(fields.part) { try EmbeddingHeader(from: &$0) }
  }

  /// Tags of the optional fields after the repair range, in this order.
  private static let guardTag: UInt8 = 1
  private static let rulesTag: UInt8 = 2

  func encode(into writer: inout ByteWriter) {
    writer.fixed(options.repairRange)
    if options.isGuarded {
      writer.fixed(Self.guardTag)
      writer.fixed(lastGuard?.position ?? 0)
      writer.fixed(lastGuard?.ratio ?? 0)
    }
    if rules != GroupingState.unnotedRulesVersion {
      writer.fixed(Self.rulesTag)
      writer.fixed(rules)
    }
  }

  init(from reader: inout ByteReader) throws {
    options = EmbeddingOptions(repairRange: try reader.fixed(), isGuarded: false)
    rules = GroupingState.unnotedRulesVersion
    var last: UInt8 = 0
    while reader.remaining > 0 {
      let tag = try reader.fixed(UInt8.self)
      guard tag > last else { throw Self.unknown(at: reader) }
      last = tag
      switch tag {
      case Self.guardTag:
        options.isGuarded = true
        let position = try reader.fixed(UInt64.self)
        let ratio = try reader.double()
        guard ratio.isFinite, ratio >= 0 else { throw CohortError.invalid("a guard's ratio", at: reader.offset - 8) }
        lastGuard = position == 0 ? nil : GuardReading(position: position, ratio: ratio)
      case Self.rulesTag:
        rules = try reader.fixed()
        guard rules != GroupingState.unnotedRulesVersion else {
          throw CohortError.invalid("the version of a grouping's rules", at: reader.offset - 4)
        }
      default: throw Self.unknown(at: reader)
      }
    }
  }

  private static func unknown(at reader: borrowing ByteReader) -> CohortError {
    CohortError.invalid("the options of an embedding grouping", at: reader.offset - 1)
  }
}
