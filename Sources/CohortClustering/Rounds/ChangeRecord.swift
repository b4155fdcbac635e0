public import CohortCore

/// One change of the store, as a grouping sees it: a sample came or went. The driver makes these from the log, in log
/// order; their number is the grouping's clock.
public struct ChangeRecord: Hashable, Sendable {
  /// Which way the sample went.
  public enum Change: Hashable, Sendable {
    /// The sample is there (for an embedding grouping: its vector, or the certainty that it has none).
    case inserted
    /// The sample was deleted. Its assignment and its vector must stay readable until the round that applies this.
    case deleted
    /// The sample is there, and what it is divided by is something else from now on. Groupings by label only.
    case relabelled
  }

  /// What the grouping divides by.
  public enum Feature: Hashable, Sendable {
    /// For `.task` and `.attribute`. Nil, and the empty text, mean "came without a label": a group of its own.
    case label(String?)
    /// For `.length`.
    case length(UInt64)
    /// For `.embedding`: read through `SampleFeatures` when it is needed.
    case vector
  }

  /// The sample that came or went.
  public var sample: SampleID
  /// Whether it came or went.
  public var change: Change
  /// What decides the sample's group; the same kind in all records of a grouping.
  public var feature: Feature

  public init(_ change: Change, _ sample: SampleID, _ feature: Feature) {
    self.sample = sample
    self.change = change
    self.feature = feature
  }

  /// The insertions of a tail that are not taken back within it, and the samples whose are; both ascending.
  static func tail(_ records: [ChangeRecord]) -> (arrivals: [ChangeRecord], gone: [SampleID]) {
    var arrivals: [SampleID: ChangeRecord] = [:]
    var gone: Set<SampleID> = []
    for record in records {
      switch record.change {
      case .inserted: arrivals[record.sample] = record
      case .relabelled: if arrivals[record.sample] != nil { arrivals[record.sample] = record }
      case .deleted: if arrivals.removeValue(forKey: record.sample) != nil { gone.insert(record.sample) }
      }
    }
    return (arrivals.values.sorted { $0.sample < $1.sample }, gone.sorted())
  }
}

/// The group of one sample and, in an embedding grouping, the squared distance to that group's published centroid.
///
/// The distance is a fixed-order Float64 value rounded to Float32, so it has the same bits on every machine. It is 0 in
/// the other groupings (but see `distance(leaving:)`). A **provisional** assignment has its distance negated (the sign bit
/// is set, also of zero): it will be made again when its round is full. Readers show the magnitude.
public struct Assignment: Hashable, Sendable {
  /// The sample that has this place.
  public var sample: SampleID
  /// `.unassigned` for a deleted sample, and for one without a vector.
  public var group: GroupID
  /// Squared distance to the group's published centroid or the nearest anchor; its sign says whether it is provisional.
  public var distance: Float

  public init(sample: SampleID, group: GroupID, distance: Float) {
    self.sample = sample
    self.group = group
    self.distance = distance
  }

  /// Whether the assignment will be made again when its round is full.
  public var isProvisional: Bool { distance.sign == .minus }

  /// What a grouping by label stores as the distance of a sample that was deleted: the group it had, as the bits of a
  /// number that is not negative. Its label may be gone with it, and without the group nobody could tell what the rounds
  /// before the deletion did.
  public static func distance(leaving group: GroupID) -> Float {
    group.rawValue < Float.infinity.bitPattern - 1 ? Float(bitPattern: group.rawValue + 1) : 0
  }

  /// The group that `distance(leaving:)` was made of; nil where there is none.
  public static func leftGroup(_ distance: Float) -> GroupID? {
    distance.bitPattern == 0 || !distance.isFinite || distance.sign == .minus
      ? nil : GroupID(distance.bitPattern - 1)
  }
}
