import ArgumentParser
import CohortCore
import CohortPipeline
import CohortStore

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
struct GroupingList: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the groupings.",
    discussion: examples("cohort grouping list", "cohort grouping list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let rows = try session.read { transaction in
      try transaction.groupings().map { grouping -> OutputRecord in
        let groups = try transaction.groups(of: grouping.id).filter(\.isOpen)
        return [
          "grouping": .text(grouping.name), "by": .text(grouping.definition.text), "groups": .count(groups.count),
          "assigned": .count(groups.reduce(0) { $0 + $1.size }),
          "samples": .count(try transaction.counters.live), "created": .sequence(grouping.created),
          "applied": .sequence(grouping.provisional.sequence),
          "guard_ratio": .optional(try GroupListing.guardRatio(of: grouping)),
        ]
      }
    }
    try session.output.list(
      [
        "grouping", "by", "groups", "assigned", "samples", .hidden("created"), .hidden("applied"),
        .hidden("guard_ratio"),
      ], rows)
    return .done
  }
}

/// `cohort grouping drop`
struct GroupingDrop: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a grouping. Snapshots that hold it keep their membership.",
    discussion: examples("cohort grouping drop topics"))

  @Argument(help: "The grouping.", completion: StoreNames.groupings) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.writableStore(for: "grouping drop")
    _ = try store.read { try $0.existingGrouping(name) }
    try store.write { try $0.dropGrouping(named: name) }
    try session.output.record(["dropped": .text(name)])
    return .done
  }
}
