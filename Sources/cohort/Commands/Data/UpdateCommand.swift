import ArgumentParser
import CohortCore
import CohortPipeline
import CohortStore

/// `cohort update`
struct UpdateCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Embed, measure and put into groups all that is pending, in the foreground.",
    discussion: examples(
      "cohort update", "cohort update --grouping topics",
      text: "Work is committed round by round: interrupted, it goes on where it was."))

  @Option(help: ArgumentHelp("Only this grouping.", valueName: "name"), completion: StoreNames.groupings) var grouping:
    String?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.writableStore(for: "update")
    let definition = try grouping.map { name in try store.read { try $0.existingGrouping(name) }.definition }
    switch definition?.criterion {
    case nil, .product:
      _ = try session.embedPending(store)
      try session.measurePending(store)
    case .embedding(let space): _ = try session.embedPending(store, only: space)
    case .anchors(let anchors): _ = try session.embedPending(store, only: anchors.space)
    case .length(_, _, let measure?): try session.measurePending(store, only: measure)
    case .task, .attribute, .length: break
    }
    let updates = try UpdateJob.run(store, grouping: grouping, control: session.jobControl())
    try session.output.list(GroupingUpdate.columns, updates.map(\.output))
    return .done
  }
}

extension GroupingUpdate {
  static let columns: [Column] = [
    "grouping", "groups", "assigned", "rounds", "splits", "merges", .hidden("republished"), .hidden("deleted"),
    "provisional", "pending", .hidden("without_vector"), .hidden("leaked"),
  ]

  var output: OutputRecord {
    [
      "grouping": .text(grouping), "groups": .count(groups), "assigned": .count(assigned), "rounds": .count(rounds),
      "splits": .count(splits), "merges": .count(merges), "republished": .count(republished),
      "deleted": .count(deleted), "provisional": .count(provisional), "pending": .count(pending),
      "without_vector": .count(withoutVector), "leaked": leaked.map { .count($0) } ?? .null,
    ]
  }
}
