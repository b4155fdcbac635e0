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
        that cannot be had is left undone; the rest is brought up to date, and the exit code is that failure's. A text \
        that an encoder refuses is set aside with its reason ('cohort space show NAME'), and the exit code is 6.

        'assigned' counts the samples that got or changed a group in this run. 'provisional' counts those that came after \
        the last full round: they are in the group that is nearest as things are, and get their final one when their \
        round is full. 'pending' ones wait for their vector or length.
        """))

  @Option(help: ArgumentHelp("Only this grouping.", valueName: "name"), completion: StoreNames.groupings) var grouping:
    String?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.writableStore(for: "update")
    if let grouping { _ = try store.read { try $0.existingGrouping(grouping) } }
    let needs = try store.read { try UpdateNeeds($0, grouping: grouping) }
    var undone = UndoneWork()
    var embedded: [EmbedReport] = []
    try SpaceJob.freeDropped(store, control: session.jobControl())
    for space in needs.spaces {
      try undone.collect(space: space) { embedded += try session.embedPending(store, only: space) }
    }
    for measure in needs.measures {
      try undone.collect(measure: measure) { try session.measurePending(store, only: measure) }
    }
    session.progress.finish()
    let updates = try UpdateJob.run(store, grouping: grouping, control: session.jobControl())
    try print(updates, embedded, store, session.output)
    if let error = try store.read({ try undone.error($0) }) { throw error }
    return embedded.contains { $0.refused > 0 } ? .quarantined : .done
  }

  /// For people a table of the groupings, and one of the spaces that something was embedded in. For programs one list:
  /// each grouping with what was embedded in its space, and behind them the spaces that none of them follows.
  private func print(
    _ updates: [GroupingUpdate], _ embedded: [EmbedReport], _ store: Store, _ output: Output
  ) throws {
    if output.format == .table {
      try output.list(GroupingUpdate.columns, updates.map(\.output))
      guard !embedded.isEmpty else { return }
      try output.text("\n")
      return try output.list(EmbedReport.columns, embedded.map(\.output))
    }
    let spaces = try store.read { transaction in
      Dictionary(try transaction.groupings().map { ($0.name, $0.definition.space) }) { first, _ in first }
    }
    let followed = updates.map { spaces[$0.grouping] ?? nil }
    var records = zip(updates, followed).map { update, space in
      update.output.adding(space: space, embedded.first { $0.space == space })
    }
    for report in embedded where !followed.contains(report.space) {
      let none = GroupingUpdate.columns.prefix { $0.name != "space" }.map { (name: $0.name, value: OutputValue.null) }
      records.append(OutputRecord(none).adding(space: report.space, report))
    }
    try output.list(GroupingUpdate.columns, records)
  }
}

extension OutputRecord {
  /// With what a run embedded in a space; nothing was pending where there is no report.
  fileprivate func adding(space: String?, _ report: EmbedReport?) -> OutputRecord {
    var record = self
    record.append("space", .optional(space))
    record.append("embedded", space == nil ? .null : .count(report?.embedded ?? 0))
    record.append("refused", space == nil ? .null : .count(report?.refused ?? 0))
    return record
  }
}

extension GroupingUpdate {
  static let columns: [Column] = [
    "grouping", "groups", "assigned", "rounds", "splits", "merges", .hidden("republished"), .hidden("deleted"),
    "provisional", "pending", .hidden("without_vector"), .hidden("leaked"), .hidden("space"), .hidden("embedded"),
    .hidden("refused"),
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
