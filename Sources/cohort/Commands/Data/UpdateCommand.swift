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
      text: """
        Work is committed round by round: interrupted, it goes on where it was. What needs a model, a tokenizer or a server \
        that cannot be had is left undone; the rest is brought up to date, and the exit code is that failure's.
        """))

  @Option(help: ArgumentHelp("Only this grouping.", valueName: "name"), completion: StoreNames.groupings) var grouping:
    String?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.writableStore(for: "update")
    if let grouping { _ = try store.read { try $0.existingGrouping(grouping) } }
    let needs = try store.read { try UpdateNeeds($0, grouping: grouping) }
    var undone = UndoneWork()
    try SpaceJob.freeDropped(store, control: session.jobControl())
    for space in needs.spaces {
      try undone.collect(space: space) { _ = try session.embedPending(store, only: space) }
    }
    for measure in needs.measures {
      try undone.collect(measure: measure) { try session.measurePending(store, only: measure) }
    }
    session.progress.finish()
    let updates = try UpdateJob.run(store, grouping: grouping, control: session.jobControl())
    try session.output.list(GroupingUpdate.columns, updates.map(\.output))
    if let error = try store.read({ try undone.error($0) }) { throw error }
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
