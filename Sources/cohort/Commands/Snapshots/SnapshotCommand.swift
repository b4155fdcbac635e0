import ArgumentParser
import CohortActions

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
struct SnapshotCreate: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Bring the groupings up to date and pin their membership under a name.",
    discussion: examples(
      "cohort snapshot create monday", "cohort snapshot create monday --grouping tasks",
      "cohort snapshot create good --where label=true", "cohort snapshot create free --where-source licence=MIT",
      text: "With conditions it holds the samples for which all of them hold; plans on it have no others."))

  @Argument(help: "The snapshot's name.") var name: String

  @Option(
    help: ArgumentHelp("A grouping to pin; may be repeated. Else all of them.", valueName: "name"),
    completion: StoreNames.groupings)
  var grouping: [String] = []

  @OptionGroup var conditions: ConditionArguments
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) throws -> SnapshotCreateAction {
    SnapshotCreateAction(snapshot: name, groupings: grouping, filter: try conditions.filter())
  }
}

/// `cohort snapshot list`
struct SnapshotList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the snapshots.",
    discussion: examples("cohort snapshot list", "cohort snapshot list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> SnapshotListAction { SnapshotListAction() }
}

/// `cohort snapshot drop`
struct SnapshotDrop: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a snapshot that no plan stands on.",
    discussion: examples("cohort snapshot drop monday"))

  @Argument(help: "The snapshot.", completion: StoreNames.snapshots) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> DropAction { DropAction(.snapshot, named: name) }
}
