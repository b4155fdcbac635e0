internal import CohortCore
public import CohortPlanning
public import CohortStore

/// A stored plan with the snapshot and the grouping that it stands on, read and checked once: what turns steps into sample
/// ids and their bytes. When plan and snapshot are dropped meanwhile, reading ends with `store.dropped`; samples that are
/// deleted leave holes.
///
/// ```swift
/// let pinned = try PinnedPlan(store, named: "spring")
/// let step = try pinned.plan.step(epoch: 0, step: 7)
/// let holes = try pinned.visit(step) { _, sample in learn(from: sample.content) }
/// ```
///
/// May be used by several threads at once.
public struct PinnedPlan: Sendable {
  /// Where ids and bytes are read from; kept open as long as this value lives.
  public let store: Store
  /// The plan's record when it was read.
  public let record: PlanRecord
  /// The plan itself: its hash is the record's, and its store is `store`.
  public let plan: Plan
  /// The snapshot that the plan stands on.
  public let snapshot: SnapshotRecord
  /// The grouping of that snapshot whose members the plan's positions count.
  public let grouping: SnapshotGrouping
  /// The samples of a plan over a selection; nil for one that has all samples of the snapshot.
  public let members: PlanMembers?

  /// The plan of a name. One read transaction.
  /// - Throws: `store.unknown-plan`; else as `init(_:_:)`.
  public init(_ store: Store, named name: String) throws {
    self = try store.read { transaction in
      let record = try transaction.existingPlan(name)
      return try PinnedPlan(store, record, transaction)
    }
  }

  /// A plan whose record was read before. One read transaction.
  /// - Throws: `planning.…` for bytes that are no plan; `reading.foreign-plan` for a plan of another store; `store.dropped`
  ///   when plan and snapshot were dropped since the record was read; and where what the store holds does not fit together
  ///   `reading.plan-hash`, `reading.plan-without-snapshot`, and `reading.plan-population` for a plan over other members
  ///   than the snapshot's.
  /// - Complexity: O(bytes of the plan).
  public init(_ store: Store, _ record: PlanRecord) throws {
    self = try store.read { try PinnedPlan(store, record, $0) }
  }

  /// The same in a transaction that is open already.
  package init(_ store: Store, _ record: PlanRecord, _ transaction: borrowing ReadTransaction) throws {
    let plan = try Plan(decoding: record.plan)
    func refused(_ code: ErrorCode, _ what: String, cause: String? = nil) -> CohortError {
      CohortError(code, "Plan \"\(record.name)\" \(what)", place: "plan \(record.name)", cause: cause)
    }
    guard plan.hash == record.hash else {
      throw refused(
        .readingPlanHash, "does not match its hash", cause: "stored \(record.hash), computed \(plan.hash)")
    }
    guard plan.storeID == store.id else {
      throw refused(
        .readingForeignPlan, "was made for another store", cause: "it is of store \(plan.storeID), this is \(store.id)")
    }
    guard let snapshot = try transaction.snapshot(record.snapshot) else {
      guard try transaction.plan(record.id) != nil else { throw CohortError.dropped("plan", record.name) }
      throw refused(.readingPlanWithoutSnapshot, "stands on snapshot \"\(plan.snapshotName)\", which is gone")
    }
    let grouping = snapshot.groupings.first { $0.id == record.grouping }
    let members = try transaction.members(of: record)
    guard let grouping, (members?.digest ?? grouping.digest) == plan.populationDigest else {
      throw refused(
        .readingPlanPopulation, "was not made from snapshot \"\(snapshot.name)\" of this store",
        cause: "plan \(plan.populationDigest), snapshot \(grouping.map { "\($0.digest)" } ?? "without its grouping")")
    }
    (self.store, self.record, self.plan, self.snapshot, self.grouping) = (store, record, plan, snapshot, grouping)
    self.members = members
  }
}
