internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `snapshot create`: brings groupings up to date and pins their membership under a name.
public struct SnapshotCreateAction: RecordAction {
  public static let name = "snapshot create"
  public var access: ActionAccess { .updates }
  /// Name of the new snapshot: unique in the store.
  public var snapshot: String
  /// Empty for all that the store has.
  public var groupings: [String]
  /// Which samples it holds; an empty filter for all that are not deleted.
  public var filter: SampleFilter

  public init(snapshot: String, groupings: [String] = [], filter: SampleFilter = SampleFilter()) {
    self.snapshot = snapshot
    self.groupings = groupings
    self.filter = filter
  }

  /// Updates the groupings to the end of the log, and takes the snapshot then.
  /// - Throws: `store.name`; `pipeline.snapshot-exists`, `pipeline.no-groupings`, `store.unknown-grouping`; what a part
  ///   threw that one of the groupings needs.
  public func run(on store: Store, _ control: JobControl) throws -> SnapshotRecord {
    try NameRule.check(snapshot, of: "snapshot")
    let names = try SnapshotJob.groupings(for: snapshot, groupings, in: store)
    let report = try StoreUpdater(store).update(.groupings(names), control: control)
    if let failure = report.failure { throw failure }
    return try SnapshotJob.create(store, name: snapshot, groupings: names, filter: filter, control: control)
  }
}

/// `snapshot list`: each snapshot with its groupings and the log entry that it shows.
public struct SnapshotListAction: ListAction {
  public static let name = "snapshot list"
  public static let columns: [ReportColumn] = [
    "snapshot", "created", "samples", "log_sequence", "groupings", .hidden("digest"),
  ]

  /// Lists every snapshot of the store.
  public init() {}

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    for snapshot in try store.read({ try $0.snapshots() }) { try row(snapshot.record) }
  }
}

extension SnapshotRecord: RecordReport {
  public var record: ReportRecord {
    [
      "snapshot": .text(name), "created": .time(created), "samples": .count(samples),
      "log_sequence": .sequence(sequence), "groupings": .list(groupings.map { .text($0.name) }),
      "digest": .digest(digest),
    ]
  }
}
