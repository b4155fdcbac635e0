internal import CohortCore
public import CohortPlanning
public import CohortReading
public import CohortStore

/// The batches of a stored plan, read from its store.
///
/// ```swift
/// let source = try StoreBatches(store: store, plan: record)
/// var session = try TrainingSession(plan: source.plan, learner: ReferenceLearner(), epochs: 1)
/// ```
public struct StoreBatches: BatchSource, Sendable {
  /// The plan with the snapshot and the grouping that it stands on.
  let pinned: PinnedPlan
  /// The part of each step that the batches hold.
  public let share: StepShare
  /// Batches that are read ahead on a thread of the stream's own; 0 reads when asked. Changes the speed and no batch.
  public let prefetch: Int

  /// The plan whose steps the batches are.
  public var plan: Plan { pinned.plan }

  /// Reads and checks the plan, its snapshot and its grouping in one read transaction.
  /// - Parameter record: a plan of this store.
  /// - Throws: what `PinnedPlan` throws for a plan that is of another store, or does not fit this one any more;
  ///   `planning.invalid-slice` for a rank outside the world; `trainer.setting`.
  public init(store: Store, plan record: PlanRecord, share: StepShare = StepShare(), prefetch: Int = 2) throws {
    guard (0...1024).contains(prefetch) else {
      throw CohortError.setting("the number of batches read ahead", prefetch, allowed: "from 0 to 1024")
    }
    try share.validate()
    pinned = try PinnedPlan(store, record)
    self.share = share
    self.prefetch = prefetch
  }

  /// The batches from a cursor on to the end of epoch `end - 1`.
  /// - Throws: `planning.foreign-cursor` for a cursor of another plan.
  public func batches(from cursor: Cursor, untilEpoch end: UInt64) throws -> any BatchReading {
    try BatchStream(self, from: cursor, untilEpoch: end)
  }
}
