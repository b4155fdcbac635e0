internal import CohortCore
public import CohortPlanning
public import CohortStore

/// The batches of a stored plan, read from its store.
///
/// ```swift
/// let source = try StoreBatches(store: store, plan: record)
/// var session = try TrainingSession(plan: source.plan, learner: ReferenceLearner(), epochs: 1)
/// ```
public struct StoreBatches: BatchSource, Sendable {
  /// Which part of each step this process trains on.
  public struct Share: Hashable, Sendable {
    public var rank: Int
    public var world: Int
    /// Micro-batches a step is divided into on each rank.
    public var accumulation: Int

    public init(rank: Int = 0, world: Int = 1, accumulation: Int = 1) {
      self.rank = rank
      self.world = world
      self.accumulation = accumulation
    }
  }

  public let plan: Plan
  public let share: Share
  /// Batches that are read ahead on a thread of the stream's own; 0 reads when asked. Changes the speed and no batch.
  public let prefetch: Int
  let store: Store
  let snapshot: SnapshotRecord
  let grouping: SnapshotGrouping

  /// - Parameter record: a plan of this store.
  /// - Throws: `store.unknown-snapshot`; `trainer.foreign-plan` when the plan was made for another store or another
  ///   membership; `planning.invalid-slice` for a rank outside the world; `trainer.setting`.
  public init(store: Store, plan record: PlanRecord, share: Share = Share(), prefetch: Int = 2) throws {
    guard (0...1024).contains(prefetch) else {
      throw CohortError.setting("the number of batches read ahead", prefetch, allowed: "from 0 to 1024")
    }
    _ = try PlannedStep.slice(count: 0, rank: share.rank, world: share.world, accumulation: share.accumulation)
    let plan = try Plan(decoding: record.plan)
    let snapshot = try store.read { transaction in
      guard let snapshot = try transaction.snapshot(record.snapshot) else {
        throw CohortError.unknown("snapshot", plan.snapshotName, known: try transaction.snapshots().map(\.name))
      }
      return snapshot
    }
    guard plan.storeID == store.id else {
      throw Self.foreign(record, cause: "it was made for store \(plan.storeID), this is \(store.id)")
    }
    guard let grouping = snapshot.groupings.first(where: { $0.id == record.grouping }) else {
      throw Self.foreign(record, cause: "snapshot \(snapshot.name) has no grouping \(record.grouping)")
    }
    guard plan.populationDigest == grouping.digest else {
      throw Self.foreign(
        record,
        cause: "its membership is \(plan.populationDigest), that of snapshot \(snapshot.name) is \(grouping.digest)")
    }
    self.store = store
    self.plan = plan
    self.snapshot = snapshot
    self.grouping = grouping
    self.share = share
    self.prefetch = prefetch
  }

  /// - Throws: `planning.foreign-cursor` for a cursor of another plan.
  public func batches(from cursor: Cursor, untilEpoch end: UInt64) throws -> any BatchReading {
    try BatchStream(self, from: cursor, untilEpoch: end)
  }

  private static func foreign(_ record: PlanRecord, cause: String) -> CohortError {
    CohortError(
      .trainerForeignPlan, "the plan does not fit its snapshot", place: "plan \(record.name)", cause: cause,
      hint: "Create the plan again from a snapshot of this store")
  }
}
