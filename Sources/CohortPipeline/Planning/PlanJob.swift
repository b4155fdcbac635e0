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
  /// - Parameter measure: the length measure that budgets, orders and the report count by; nil for the store's own. The
  ///   plan keeps what it needs of the lengths, and not the measure.
  /// - Throws: `store.unknown-snapshot`, `pipeline.not-in-snapshot`, `planning.…` for settings that make no sense;
  ///   `store.unknown-length-measure`, `pipeline.not-measured` when samples of the snapshot wait for their lengths.
  public static func create(
    _ store: Store, name: String, snapshot snapshotName: String, grouping groupingName: String,
    configuration: PlanConfiguration, measure: String? = nil
  ) throws -> (record: PlanRecord, report: PlanReport) {
    let (snapshot, grouping, population, lengths) = try store.read { transaction in
      let lengths = try TotalLengths(measure, transaction)
      let (snapshot, grouping, population) = try Self.population(
        store, transaction, snapshot: snapshotName, grouping: groupingName, lengths: lengths,
        areMembersAsked: configuration.longestFirst)
      return (snapshot, grouping, population, lengths)
    }
    let plan = try Plan(population: population, configuration: configuration)
    let report = try store.read { try Self.report(plan, grouping.id, snapshot, lengths, $0) }
    let record = try store.write {
      try $0.createPlan(
        name: name, snapshot: snapshot, grouping: grouping.id, hash: plan.hash, plan: plan.encode(), report: report.json
      )
    }
    return (record, report)
  }

  private static func population(
    _ store: Store, _ transaction: borrowing ReadTransaction, snapshot snapshotName: String,
    grouping groupingName: String, lengths: TotalLengths, areMembersAsked: Bool
  ) throws -> (SnapshotRecord, SnapshotGrouping, Population) {
    let snapshot = try transaction.existingSnapshot(snapshotName)
    guard let grouping = snapshot.groupings.first(where: { $0.name == groupingName }) else {
      throw CohortError(
        .pipelineNotInSnapshot, "Snapshot \"\(snapshotName)\" does not hold grouping \"\(groupingName)\"",
        hint: "It holds: \(snapshot.groupings.map(\.name).joined(separator: ", "))")
    }
    var groups = try transaction.groups(of: grouping.id, in: snapshot.id).map {
      PopulationGroup(
        id: $0.id, size: $0.size, geometry: $0.geometry, longest: $0.longest, meanLength: $0.meanLength)
    }
    if lengths.name != nil || areMembersAsked {
      try lengths.measure(&groups, of: grouping.id, in: snapshot, transaction)
    }
    let population = Population(
      groups: groups, digest: grouping.digest, snapshotName: snapshotName, storeID: store.id)
    return (snapshot, grouping, population)
  }

  private static func report(
    _ plan: Plan, _ grouping: GroupingID, _ snapshot: SnapshotRecord, _ lengths: TotalLengths,
    _ transaction: borrowing ReadTransaction
  ) throws -> PlanReport {
    guard snapshot.samples <= heldLengths else {
      return try plan.report(maximumSteps: measuredSteps, measure: lengths.name) { position in
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
    return try plan.report(maximumSteps: measuredSteps, measure: lengths.name) { byPosition[Int($0)] }
  }
}
