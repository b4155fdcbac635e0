import ArgumentParser
import CohortCore
import CohortPipeline
import CohortStore

/// `cohort group`
struct GroupCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "group", abstract: "Look at the groups of a grouping.",
    discussion: examples("cohort group list --grouping topics", "cohort group show 17 --grouping topics --history"),
    subcommands: [GroupList.self, GroupShow.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort group list`
struct GroupList: CohortCommand {
  enum Order: String, CaseIterable, ExpressibleByArgument {
    case id, size, length, radius
  }

  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List groups: size, label, lengths, radius, tasks.",
    discussion: examples(
      "cohort group list --grouping topics", "cohort group list --grouping topics --sort size --json"))

  @Option(help: ArgumentHelp("The grouping.", valueName: "name"), completion: StoreNames.groupings) var grouping: String
  @Option(help: "The order of the list; all but id begin with the greatest.") var sort: Order = .id
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.readableStore()
    _ = try store.read { try $0.existingGrouping(grouping) }
    var groups = try GroupListing.list(store, grouping: grouping)
    switch sort {
    case .id: break
    case .size: groups.sort { ($1.size, $0.group) < ($0.size, $1.group) }
    case .length: groups.sort { ($1.meanLength, $0.group) < ($0.meanLength, $1.group) }
    case .radius: groups.sort { ($1.radius ?? 0, $0.group) < ($0.radius ?? 0, $1.group) }
    }
    let isTable = session.output.format == .table
    try session.output.list(GroupSummary.columns, groups.map { $0.output(forPeople: isTable) })
    return .done
  }
}

extension GroupSummary {
  static let columns: [Column] = [
    "group", "size", "label", .hidden("terms"), "mean_length", "longest", "radius",
    .hidden("leaked"), "tasks",
  ]

  /// - Parameter forPeople: tasks as shares in words.
  func output(forPeople: Bool) -> OutputRecord {
    [
      "group": .id(group), "size": .count(size), "label": .text(label), "terms": .list(terms.map { .text($0) }),
      "mean_length": .number(meanLength), "longest": .count(longest), "radius": .optional(radius),
      "leaked": leaked.map { .count($0) } ?? .null,
      "tasks": forPeople
        ? .text(mix) : .list(tasks.map { .record(["task": .optional($0.task), "size": .count($0.size)]) }),
    ]
  }

  /// `gsm8k 61 %, orca 20 %`
  var mix: String {
    tasks.map { share in
      let percent = Double(share.size) / Double(max(size, 1)) * 100
      return "\(share.task ?? "(none)") \(Int(percent.rounded())) %"
    }.joined(separator: ", ")
  }
}
