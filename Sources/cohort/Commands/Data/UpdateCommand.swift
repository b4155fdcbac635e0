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

        'assigned' counts samples: those that got a group in this run, or another one. 'changes' counts how often that \
        happened: a sample can change its group several times while groups are split and merged. 'provisional' samples \
        have a group, but may still get another one: groups are settled each time enough samples have come, in a round, \
        and these came after the last round. Nothing is to be done about them. 'pending' samples have no group yet: they \
        wait for their vector or their length.
        """))

  @Option(help: ArgumentHelp("Only this grouping.", valueName: "name"), completion: StoreNames.groupings) var grouping:
    String?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let action = UpdateAction(grouping: grouping)
    let outcome = try session.perform(action) { try action.run(on: $0, $1) }
    session.progress.finish()
    for note in outcome.notes { session.progress.note(note) }
    try print(outcome, session)
    return outcome.report.hasRefusals ? .quarantined : .done
  }

  /// For people a table of the groupings, and one of the spaces that something was embedded in.
  private func print(_ outcome: UpdateOutcome, _ session: Session) throws {
    let (output, failure) = (session.output, outcome.report.failure)
    guard output.format == .table else {
      return try session.list(UpdateOutcome.groupingColumns, outcome.rows, failure: failure)
    }
    try output.list(UpdateOutcome.groupingColumns, outcome.groupings)
    if !outcome.embedded.isEmpty {
      try output.text("\n")
      try output.list(EmbedAction.columns, outcome.embedded)
    }
    if let failure { throw failure }
  }
}
