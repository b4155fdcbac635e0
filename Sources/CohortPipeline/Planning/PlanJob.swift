internal import CohortCore
public import CohortPlanning
public import CohortStore

/// Makes plans and stores them with their report.
public enum PlanJob {
  /// Steps of an epoch whose lengths are measured for the report; of longer epochs, evenly spaced ones.
  static let measuredSteps: UInt64 = 16_384
  /// Snapshots up to this size have all their lengths in memory while the report is made; in larger ones each measured
  /// position is looked up.
  static let heldLengths: UInt64 = 16 << 20

  /// Makes a plan over one grouping of a snapshot.
  /// - Parameters:
  ///   - selection: the plan has its samples only, which are of the snapshot; nil for all of the snapshot.
  ///   - measure: the length measure that budgets, orders and the report count by; nil for the store's own. The
  ///     plan keeps what it needs of the lengths, and not the measure.
  ///   - world, accumulation: the ranks and micro-batches that the report counts empty parts for.
  /// - Throws: `store.unknown-snapshot`, `pipeline.not-in-snapshot`, `planning.…` for settings that make no sense;
  ///   `store.unknown-length-measure`, `pipeline.not-measured` when samples of the snapshot wait for their lengths.
  public static func create(
    _ store: Store, name: String, snapshot snapshotName: String, grouping groupingName: String,
    selection: String? = nil, configuration: PlanConfiguration, measure: String? = nil, world: Int = 1,
    accumulation: Int = 1
  ) throws -> (record: PlanRecord, report: PlanReport) {
    let (snapshot, grouping, population, lengths, members) = try store.read { transaction in
      let lengths = try TotalLengths(measure, transaction)
      let (snapshot, grouping) = try Self.held(groupingName, in: snapshotName, transaction)
      let members = try selection.map {
        try SelectedMembers($0, by: grouping, in: snapshot, lengths, configuration.longestFirst, transaction)
      }
      let population =
        try members?.population(storeID: store.id)
        ?? Self.population(
          store, transaction, snapshot, grouping, lengths: lengths, areMembersAsked: configuration.longestFirst)
      return (snapshot, grouping, population, lengths, members)
    }
    let plan = try Plan(population: population, configuration: configuration)
    let parts = try plan.parts(world: world, accumulation: accumulation)
    let report = try store.read { transaction in
      let now = try Self.lengths(measure, asBefore: lengths, snapshot, transaction)
      let unit = now.unit ?? store.configuration.lengthUnit
      if let members { return try members.report(plan, now, unit, parts, transaction) }
      return try Self.report(plan, grouping.id, snapshot, now, unit, parts, transaction)
    }
    let record = try store.write {
      try $0.createPlan(
        name: name, snapshot: snapshot, grouping: grouping.id, hash: plan.hash, plan: plan.encode(),
        report: report.json,
        members: members.map { ($0.selection, $0.ids, $0.digest) })
    }
    return (record, report)
  }

  /// The lengths that a plan counts by, if they and the snapshot are still there: either may have been dropped meanwhile, and
  /// what is left of it looks like damage.
  private static func lengths(
    _ measure: String?, asBefore before: TotalLengths, _ snapshot: SnapshotRecord,
    _ transaction: borrowing ReadTransaction
  ) throws -> TotalLengths {
    if try transaction.snapshot(snapshot.id) == nil {
      throw CohortError.unknown("snapshot", snapshot.name, known: try transaction.snapshots().map(\.name))
    }
    let now = try TotalLengths(measure, transaction)
    if now.measureID != before.measureID {
      throw CohortError.unknown("length-measure", measure ?? "", known: try transaction.measures().map(\.name))
    }
    return now
  }

  private static func held(
    _ groupingName: String, in snapshotName: String, _ transaction: borrowing ReadTransaction
  ) throws -> (SnapshotRecord, SnapshotGrouping) {
    let snapshot = try transaction.existingSnapshot(snapshotName)
    guard let grouping = snapshot.groupings.first(where: { $0.name == groupingName }) else {
      throw CohortError(
        .pipelineNotInSnapshot, "Snapshot \"\(snapshotName)\" does not hold grouping \"\(groupingName)\"",
        hint: "It holds: \(snapshot.groupings.map(\.name).joined(separator: ", "))")
    }
    return (snapshot, grouping)
  }

  private static func population(
    _ store: Store, _ transaction: borrowing ReadTransaction, _ snapshot: SnapshotRecord, _ grouping: SnapshotGrouping,
    lengths: TotalLengths, areMembersAsked: Bool
  ) throws -> Population {
    var groups = try transaction.groups(of: grouping.id, in: snapshot.id).map {
      PopulationGroup(
        id: $0.id, size: $0.size, geometry: $0.geometry, longest: $0.longest, meanLength: $0.meanLength)
    }
    if lengths.name != nil || areMembersAsked {
      try lengths.measure(&groups, of: grouping.id, in: snapshot, transaction)
    }
    return Population(groups: groups, digest: grouping.digest, snapshotName: snapshot.name, storeID: store.id)
  }

  private static func report(
    _ plan: Plan, _ grouping: GroupingID, _ snapshot: SnapshotRecord, _ lengths: TotalLengths, _ unit: LengthUnit,
    _ parts: PlanParts, _ transaction: borrowing ReadTransaction
  ) throws -> PlanReport {
    guard snapshot.samples <= heldLengths else {
      return try plan.report(maximumSteps: measuredSteps, measure: lengths.name, unit: unit, parts: parts) { position in
        let id = try transaction.ids(at: CollectionOfOne(position), of: grouping, in: snapshot)[0]
        return try lengths.length(of: id, transaction)
      }
    }
    var byPosition: [UInt32] = []
    byPosition.reserveCapacity(Int(snapshot.samples))
    try transaction.forEachPiece(of: grouping, in: snapshot) { ids in
      for id in ids { byPosition.append(try lengths.length(of: id, transaction)) }
      return true
    }
    return try plan.report(maximumSteps: measuredSteps, measure: lengths.name, unit: unit, parts: parts) {
      byPosition[Int($0)]
    }
  }
}
