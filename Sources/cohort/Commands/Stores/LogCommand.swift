import ArgumentParser
import CohortActions

/// `cohort log`
struct LogCommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Show what changed the store, in order.",
    discussion: examples("cohort log", "cohort log --last 5", "cohort log --from 120 --kind ingest --json"))

  @Option(help: ArgumentHelp("The first sequence number to show.", valueName: "n")) var from: UInt64 = 1
  @Option(help: ArgumentHelp("Only this many of the newest entries.", valueName: "n")) var last: UInt64?
  @Option(help: "Only entries of this kind; may be repeated.") var kind: [LogKindArgument] = []
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> LogAction {
    LogAction(from: from, last: last, kinds: Set(kind.map(\.kind)), forPeople: session.output.format == .table)
  }
}
