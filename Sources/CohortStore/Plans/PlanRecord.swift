public import CohortCore
internal import CohortSystem

/// A stored plan: the bytes that the planning module made, and what they stand on.
public struct PlanRecord: Hashable, Sendable, NamedRecord {
  static let kind = NameKind.plan
  /// Given by the store when the plan is created; never given again.
  public var id: UInt32
  /// Given by the user; unique among the store's plans, and free again once the plan is dropped.
  public var name: String
  /// Number of the snapshot that the plan stands on.
  public var snapshot: UInt32
  /// The grouping of that snapshot whose groups the batches come from.
  public var grouping: GroupingID
  /// The plan's hash, as the planning module computes it.
  public var hash: Digest128
  /// Milliseconds since 1970, UTC.
  public var created: Int64
  /// The encoded plan: opaque to the store.
  public var plan: [UInt8]
  /// The report that was printed when it was made, as JSON.
  public var report: String
  /// Number of the selection whose samples it has, one of the same snapshot; nil for all of the snapshot.
  public var selection: UInt32?

  var number: UInt32 { id }
}

extension PlanRecord {
  init(from reader: inout ByteReader) throws {
    id = try reader.fixed()
    name = try reader.string()
    snapshot = try reader.fixed()
    grouping = GroupingID(try reader.fixed())
    hash = try reader.digest()
    created = try reader.fixed()
    plan = [UInt8](try reader.blob())
    report = try reader.string()
    selection = reader.remaining > 0 ? try reader.fixed() : nil
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
    writer.fixed(snapshot)
    writer.fixed(grouping.rawValue)
    writer.digest(hash)
    writer.fixed(created)
    writer.blob(plan)
    writer.string(report)
    if let selection { writer.fixed(selection) }
  }
}

extension ReadTransaction {
  /// The plan of a name, with its bytes; nil when there is none.
  /// - Complexity: O(n) over the size of the plan.
  public func plan(named name: String) throws -> PlanRecord? { try record(PlanRecord.self, named: name) }

  /// The plan with an id; nil when there is none or it was dropped.
  /// - Complexity: O(n) over the size of the plan.
  public func plan(_ id: UInt32) throws -> PlanRecord? { try record(PlanRecord.self, number: id) }

  /// All plans in the order of their ids.
  public func plans() throws -> [PlanRecord] { try records(PlanRecord.self) }
}

extension WriteTransaction {
  /// Stores a plan over a grouping of a snapshot.
  /// - Parameters:
  ///   - snapshot: as an earlier transaction read it; it may have been dropped since.
  ///   - members: of a plan over a selection of the snapshot: the selection, its ids sorted by group and id, and the digest
  ///     of these (`PlanMembers.digest`).
  /// - Throws: `store.name`; `store.plan-exists`; `store.unknown-snapshot`; `store.unknown-grouping` when the snapshot does
  ///   not hold it; `store.unknown-selection`.
  public func createPlan(
    name: String, snapshot: SnapshotRecord, grouping: GroupingID, hash: Digest128, plan: [UInt8], report: String,
    members: (selection: SelectionRecord, ids: [UInt64], digest: Digest128)? = nil
  ) throws -> PlanRecord {
    try NameRule.check(name, of: "plan")
    guard try reading.plan(named: name) == nil else { throw CohortError.exists("plan", name) }
    guard let stored = try reading.snapshot(snapshot.id), stored.digest == snapshot.digest else {
      throw CohortError.unknown("snapshot", snapshot.name, known: try reading.snapshots().map(\.name))
    }
    guard stored.groupings.contains(where: { $0.id == grouping }) else {
      let name = try reading.grouping(grouping)?.name ?? "\(grouping)"
      throw CohortError.unknown("grouping", name, known: stored.groupings.map(\.name))
    }
    if let selection = members?.selection {
      guard try reading.selection(selection.id) == selection else {
        throw CohortError.unknown("selection", selection.name, known: try reading.selections().map(\.name))
      }
    }
    let record = PlanRecord(
      id: state.counters.nextPlan, name: name, snapshot: snapshot.id, grouping: grouping, hash: hash,
      created: state.time, plan: plan, report: report, selection: members?.selection.id)
    state.counters.nextPlan += 1
    try put(record)
    if let members {
      try PlanMembers.write(members.ids, digest: members.digest, plan: record.id, self)
    }
    try log(
      LogEvent.PlanCreated(
        id: record.id, name: name, snapshot: snapshot.id, grouping: grouping, hash: hash, report: report,
        selection: record.selection))
    return record
  }

  /// Removes a plan. Checkpoints of runs that used it stay.
  public func dropPlan(named name: String) throws {
    let record = try reading.existingPlan(name)
    try reading.members(of: record)?.remove(self)
    try remove(record)
    state.counters.droppedPlans += 1
    try log(LogEvent.PlanDropped(id: record.id, name: name))
  }
}

extension Store {
  /// Keeps this process from dropping a plan while `body` runs. Other processes may: then reading its steps may end with
  /// `store.dropped`.
  package func following<R>(_ plan: PlanRecord, _ body: () throws -> R) rethrows -> R {
    plansFollowed.withLock { $0[plan.id, default: 0] += 1 }
    defer {
      plansFollowed.withLock { plans in
        let others = plans[plan.id].map { $0 - 1 } ?? 0
        plans[plan.id] = others > 0 ? others : nil
      }
    }
    return try body()
  }

  /// Removes a plan. Checkpoints of runs that used it stay.
  /// - Throws: `store.unknown-plan`; `store.plan-in-use` while work of this process follows it.
  package func dropPlan(named name: String) throws {
    try write { transaction in
      let id = try transaction.reading.existingPlan(name).id
      guard plansFollowed.withLock({ $0[id] }) == nil else {
        throw CohortError(
          .storePlanInUse, "A training run follows plan \"\(name)\" at the moment",
          hint: "Wait until it is done, or cancel it")
      }
      try transaction.dropPlan(named: name)
    }
  }
}
