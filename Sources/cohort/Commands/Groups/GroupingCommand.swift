import ArgumentParser
import CohortActions

/// `cohort grouping`
struct GroupingCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "grouping", abstract: "Ways to divide the store into groups.",
    discussion: examples(
      "cohort grouping create tasks --by task", "cohort grouping create lengths --by length --quantiles 8",
      "cohort grouping create topics --by embedding --groups 32", "cohort grouping list",
      "cohort grouping refine topics"),
    subcommands: [GroupingCreate.self, GroupingList.self, GroupingRefine.self, GroupingDrop.self, GroupingLeakage.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort grouping list`
struct GroupingList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the groupings.",
    discussion: examples("cohort grouping list", "cohort grouping list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> GroupingListAction { GroupingListAction() }
}

/// `cohort grouping drop`
struct GroupingDrop: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a grouping. Snapshots that hold it keep their membership.",
    discussion: examples("cohort grouping drop topics"))

  @Argument(help: "The grouping.", completion: StoreNames.groupings) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> DropAction { DropAction(.grouping, named: name) }
}
