public import CohortCore

/// Everything a round decided. The driver commits it in one transaction: assignments, the records of touched and closed
/// groups, the header, the events.
public struct RoundOutcome: Sendable {
  /// Change records applied so far, this round included.
  public internal(set) var position: UInt64
  /// The assignments that differ from the table's, ascending by sample.
  public internal(set) var assignments: [Assignment] = []
  /// In the order they happened.
  public internal(set) var events: [GroupEvent] = []
  /// Open groups whose record changed, ascending: store `GroupingState.encodedGroup(_:)` of each.
  public internal(set) var touched: [GroupID] = []
  /// Groups closed in this round, with their last record: `GroupRecord.encoded`.
  public internal(set) var closed: [GroupRecord] = []
  /// Where the samples were whose labels changed: one for each such record, in their order; `.unassigned` for a sample that
  /// is in no group.
  public internal(set) var departed: [GroupID] = []
  /// What the round did and what it cost; in no digest.
  public internal(set) var statistics = RoundStatistics()
  /// XXH3-64 of the whole state after the round.
  public internal(set) var digest: UInt64 = 0
}

/// What a round did and what it cost. What it cost may depend on the processor and on the rounds before it in the same
/// process: that is in no digest and in no log.
public struct RoundStatistics: Hashable, Sendable {
  /// Samples that came and got a group.
  public var inserted = 0
  /// Samples that came without a vector, or with a zero one: they have no group.
  public var withoutVector = 0
  /// Samples that went and had a group.
  public var deleted = 0
  /// Samples that were there before and changed their group.
  public var moved = 0
  /// Samples compared with all centroids because no bound spared them.
  public var fullChecks = 0
  /// Samples compared with the moved centroids only.
  public var partialChecks = 0
  /// Near-ties decided in fixed-order Float64.
  public var nearTies = 0
  /// Distances computed, in units of one inner product.
  public var innerProducts: UInt64 = 0
  /// Groups that were divided.
  public var splits = 0
  /// Groups that were closed in favour of another.
  public var merges = 0
  /// Groups whose centroid or interval was published anew.
  public var republished = 0
  /// What the guard found at the end of the round; nil when it had nothing to do.
  public var guardRatio: Double?

  /// Of no round.
  public init() {}

  /// Adds up every count, for the statistics of several rounds; the last ratio stays.
  public static func += (sum: inout Self, other: Self) {
    sum.inserted += other.inserted
    sum.withoutVector += other.withoutVector
    sum.deleted += other.deleted
    sum.moved += other.moved
    sum.fullChecks += other.fullChecks
    sum.partialChecks += other.partialChecks
    sum.nearTies += other.nearTies
    sum.innerProducts += other.innerProducts
    sum.splits += other.splits
    sum.merges += other.merges
    sum.republished += other.republished
    sum.guardRatio = other.guardRatio ?? sum.guardRatio
  }
}
