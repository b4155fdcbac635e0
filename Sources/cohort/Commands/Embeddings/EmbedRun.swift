import ArgumentParser
import CohortActions

/// `cohort embed run`, and `cohort embed` alone.
struct EmbedRun: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Give vectors to the samples that have none yet.",
    discussion: examples(
      "cohort embed", "cohort embed --space answers", "cohort embed --space answers --retry-refused",
      text: """
        'cohort update' does so before it updates the groupings. Vectors are committed in slices: interrupted, the work \
        goes on where it was. A text that the encoder refuses is set aside with its reason ('cohort space show NAME') and \
        tried again only with --retry-refused; the exit code is 6 then.
        """))

  @Option(help: ArgumentHelp("Only this embedding space.", valueName: "name"), completion: StoreNames.spaces)
  var space: String?
  @Flag(help: "Also what the encoder refused before.") var retryRefused = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let action = EmbedAction(space: space, retryingRefused: retryRefused)
    let report = try session.perform(action) { try action.run(on: $0, $1) }
    session.progress.finish()
    for note in report.notes { session.progress.note(note) }
    try session.list(EmbedAction.columns, report.embedded.map(\.record), failure: report.failure)
    return report.hasRefusals ? .quarantined : .done
  }
}
