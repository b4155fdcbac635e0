import ArgumentParser
import CohortActions
import CohortCore
import CohortSystem

/// `cohort run`
struct RunCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Training runs: how far they are, and what they lost on which group.",
    discussion: examples(
      "cohort run list", "cohort run show monday", "cohort run note monday losses.json",
      text: "'cohort train' makes them, and trainers of other programs that note what they do."),
    subcommands: [RunList.self, RunShow.self, RunNote.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort run list`
struct RunList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the training runs.", discussion: examples("cohort run list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> RunListAction { RunListAction() }
}

/// `cohort run show`
struct RunShow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a training run: its checkpoints, and its losses by group, task and source.",
    discussion: examples(
      "cohort run show monday", "cohort run show monday --json",
      text: """
        'mean' is the loss of a token over the run so far, in nats; 'first' and 'last' are those of single steps. A run of \
        'cohort train' has losses by group only.
        """))

  @Argument(help: "The run.", completion: StoreNames.runs) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let action = RunShowAction(run: name)
    let report = try session.perform(action) { try action.run(on: $0, $1) }
    return try session.finish(report) {
      guard session.output.format == .table else { return try session.output.record(report.record) }
      try session.output.record(report.summary)
      guard !report.losses.isEmpty else { return }
      try session.output.text("\nlosses\n")
      try session.output.list(RunShowReport.lossColumns, report.losses)
    }
  }
}

/// `cohort run note`
struct RunNote: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "note",
    abstract: "Keep how far a training in another program is, and its losses by group, task and source.",
    discussion: examples(
      "cohort run note monday losses.json", "python train.py | cohort run note monday -",
      text: """
        The file is a JSON object: 'plan', 'epoch' and 'step' (the next one), 'steps', 'samples' and 'tokens' so far, and \
        'losses', a list of {"by": "group", "name": "7", "steps": 3, "tokens": 90, "mean": 2.5, "first": 2.7, "last": 2.4}, each \
        over the whole run. 'by' is group, task or source. The run is made by its first note; the store keeps the last three of \
        a run. In Python GroupLossCallback(run="monday") does all of this.
        """))

  /// The most bytes of a note.
  private static let limit = 64 << 20

  @Argument(help: "The run.", completion: StoreNames.runs) var name: String
  @Argument(help: ArgumentHelp("A JSON file; '-' is standard input.", valueName: "file")) var file: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) throws -> RunNoteAction {
    let bytes: [UInt8]?
    do throws(Errno) {
      bytes =
        try file == "-"
        ? SystemCall.contents(of: 0, limit: Self.limit) : SystemCall.contents(of: file, limit: Self.limit)
    } catch {
      throw CohortError(.cliUsage, "The note cannot be read", place: file, cause: error.text)
    }
    guard let bytes else {
      throw CohortError(.cliUsage, "The note is larger than 64 MiB", place: file)
    }
    return try RunNoteAction(run: name, request: bytes)
  }
}
