public import ArgumentParser
public import CohortActions

/// `cohort group`
struct GroupCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "group", abstract: "Look at the groups of a grouping.",
    discussion: examples(
      "cohort group list --grouping topics", "cohort group show 17 --grouping topics --history",
      "cohort group compare topics tasks"),
    subcommands: [GroupList.self, GroupShow.self, GroupCompare.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort group list`
struct GroupList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List groups: size, label, lengths, radius, tasks.",
    discussion: examples(
      "cohort group list --grouping topics", "cohort group list --grouping topics --sort size --json"))

  @Option(help: ArgumentHelp("The grouping.", valueName: "name"), completion: StoreNames.groupings) var grouping: String
  @Option(help: "The order of the list; all but id begin with the greatest.") var sort = GroupListAction.Order.id
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> GroupListAction {
    GroupListAction(grouping: grouping, order: sort, forPeople: session.output.format == .table)
  }
}

extension GroupListAction.Order: ExpressibleByArgument {}
