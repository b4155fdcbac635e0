import ArgumentParser
import CohortActions

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
      "cohort group list --grouping topics", "cohort group list --grouping topics --sort size --json",
      "cohort group list --grouping topics --sort mean_length:asc", "cohort group list --sort label --reverse",
      text: """
        'mean_length' and 'longest' are of what a grouping by length divides by, and of the responses for all other groupings: \
        length_measure, length_unit and length_part in --json say it. People get the three commonest tasks of a group, \
        programs all of them.
        """))

  @Option(
    help: ArgumentHelp("The grouping. Not needed where the store has only one.", valueName: "name"),
    completion: StoreNames.groupings)
  var grouping: String?
  @Option(
    help: ArgumentHelp(
      "A column to sort by; COLUMN:asc and COLUMN:desc say which way. Without that, numbers begin with the greatest, "
        + "words and the group's number with the first.", valueName: "column"))
  var sort = GroupSortArgument(order: .id)
  @Flag(help: "The other way round.") var reverse = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> GroupListAction {
    let ascends = sort.isAscending ?? sort.order.ascendsUsually
    return GroupListAction(
      grouping: grouping, order: sort.order, isAscending: reverse ? !ascends : ascends,
      forPeople: session.output.format == .table)
  }
}

/// What `--sort` takes: `size`, `mean_length:asc`.
struct GroupSortArgument: ExpressibleByArgument, Sendable {
  let order: GroupListAction.Order
  /// Nil for the usual way of the column.
  let isAscending: Bool?

  init(order: GroupListAction.Order) { (self.order, isAscending) = (order, nil) }

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2, let order = GroupListAction.Order(name: String(parts[0])) else { return nil }
    self.order = order
    switch parts.count == 2 ? parts[1] : nil {
    case nil: isAscending = nil
    case "asc": isAscending = true
    case "desc": isAscending = false
    default: return nil
    }
  }

  static var allValueStrings: [String] { GroupListAction.Order.allCases.map(\.column) }
  var defaultValueDescription: String { order.column }
}
