import ArgumentParser
import CohortCore
import CohortPipeline
import CohortStore

/// `cohort snapshot`
struct SnapshotCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "snapshot", abstract: "Name a state of the store that plans can stand on.",
    discussion: examples(
      "cohort snapshot create monday", "cohort snapshot create monday --grouping tasks", "cohort snapshot list"),
    subcommands: [SnapshotCreate.self, SnapshotList.self, SnapshotDrop.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort snapshot create`
struct SnapshotCreate: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Bring the groupings up to date and pin their membership under a name.",
    discussion: examples("cohort snapshot create monday", "cohort snapshot create monday --grouping tasks"))

  @Argument(help: "The snapshot's name.") var name: String

  @Option(
    help: ArgumentHelp("A grouping to pin; may be repeated. Else all of them.", valueName: "name"),
    completion: StoreNames.groupings)
  var grouping: [String] = []

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    try NameRule.check(name, of: "snapshot")
    let store = try session.writableStore(for: "snapshot create")
    try store.read { transaction in
      for name in grouping { _ = try transaction.existingGrouping(name) }
    }
    _ = try session.embedPending(store)
    try session.measurePending(store)
    let record = try SnapshotJob.create(
      store, name: name, groupings: grouping.isEmpty ? nil : grouping, control: session.jobControl())
    try session.output.record(record.output)
    return .done
  }
}

/// `cohort snapshot list`
struct SnapshotList: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the snapshots.",
    discussion: examples("cohort snapshot list", "cohort snapshot list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let snapshots = try session.read { try $0.snapshots() }
    try session.output.list(SnapshotRecord.columns, snapshots.map(\.output))
    return .done
  }
}

/// `cohort snapshot drop`
struct SnapshotDrop: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a snapshot that no plan stands on.",
    discussion: examples("cohort snapshot drop monday"))

  @Argument(help: "The snapshot.", completion: StoreNames.snapshots) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.writableStore(for: "snapshot drop")
    _ = try store.read { try $0.existingSnapshot(name) }
    try store.write { try $0.dropSnapshot(named: name) }
    try session.output.record(["dropped": .text(name)])
    return .done
  }
}

extension SnapshotRecord {
  static let columns: [Column] = [
    "snapshot", "created", "samples", "log_sequence", "groupings", .hidden("digest"),
  ]

  var output: OutputRecord {
    [
      "snapshot": .text(name), "created": .time(created), "samples": .count(samples),
      "log_sequence": .sequence(sequence), "groupings": .list(groupings.map { .text($0.name) }),
      "digest": .digest(digest),
    ]
  }
}
