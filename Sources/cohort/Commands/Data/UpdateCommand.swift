import ArgumentParser
import CohortActions

/// `cohort update`
struct UpdateCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Embed, measure, group and index all that is pending, in the foreground.",
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
    let action = UpdateAction(grouping: grouping)
    let outcome = try session.perform(action) { try action.run(on: $0, $1) }
    session.progress.finish()
    for note in outcome.notes { session.progress.note(note) }
    try print(outcome, session.output)
    if let failure = outcome.report.failure { throw failure }
    return outcome.report.hasRefusals ? .quarantined : .done
  }

  /// For people a table of the groupings, and one of the spaces that something was embedded in.
  private func print(_ outcome: UpdateOutcome, _ output: Output) throws {
    guard output.format == .table else { return try output.list(UpdateOutcome.groupingColumns, outcome.rows) }
    try output.list(UpdateOutcome.groupingColumns, outcome.groupings)
    guard !outcome.embedded.isEmpty else { return }
    try output.text("\n")
    try output.list(EmbedAction.columns, outcome.embedded)
  }
}
