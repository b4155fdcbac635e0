import ArgumentParser
import CohortActions
import CohortPipeline

/// `cohort train`
struct TrainCommand: CohortCommand {
  enum LearnerName: String, CaseIterable, ExpressibleByArgument {
    case reference
  }

  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train the reference learner on a plan, with checkpoints in the store.",
    discussion: examples(
      "cohort train --plan first --epochs 2 --checkpoint-every 100",
      "cohort train --plan first --epochs 2 --run monday --resume --json",
      text: """
        A run that is killed at any moment and taken up with --resume ends in the weights of one that was not: the \
        last line says them as weights_digest.
        """))

  @Option(help: ArgumentHelp("The plan to train on.", valueName: "name"), completion: StoreNames.plans) var plan: String
  @Option(help: ArgumentHelp("Train until this many epochs of the plan are done.", valueName: "e")) var epochs: UInt64
  @Option(help: "What is trained.") var learner: LearnerName = .reference
  @Option(help: ArgumentHelp("Steps between checkpoints. Else one at the end.", valueName: "k"))
  var checkpointEvery: UInt64?
  @Flag(help: "Go on from the run's latest checkpoint.") var resume = false
  @Option(
    help: ArgumentHelp("The run's name. Else the plan's, with a number if that is taken.", valueName: "name"),
    completion: StoreNames.runs)
  var run: String?
  @Option(help: ArgumentHelp("Print every n-th step.", valueName: "n")) var logEvery: UInt64 = 1
  @Option(help: ArgumentHelp("The seed of the learner's first weights.", valueName: "n")) var learnerSeed: UInt64 = 0
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if logEvery == 0 { throw ValidationError("--log-every takes a number from 1.") }
    if epochs == 0 { throw ValidationError("--epochs takes a number from 1.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let action = TrainAction(
      plan: plan, epochs: epochs, checkpointEvery: checkpointEvery, resume: resume, runName: run,
      learnerSeed: learnerSeed)
    let printer = session.output.rows(TrainAction.columns, lines: true)
    var count: UInt64 = 0
    let report = try session.perform(action) { store, control in
      // Its rows tell how far it is.
      var control = control
      control.report = { _ in }
      return try action.run(on: store, control) { step in
        if count % logEvery == 0 {
          try printer.print(step)
          // Whoever follows the run sees each step when it is done.
          try printer.flush()
        }
        count += 1
      }
    }
    for note in report.notes { session.progress.note(note) }
    try end(report, printer, session)
    if let failure = report.failure { throw failure }
    return .done
  }

  private func end(_ report: TrainReport, _ printer: RowPrinter, _ session: Session) throws {
    switch session.output.format {
    case .csv:
      // A row of other columns would break the file.
      try printer.finish()
      session.progress.tell("weights_digest \(report.weightsDigest)")
    case .table, .box, .markdown:
      try printer.finish()
      try session.output.raw("\n")
      try session.output.record(report.record)
    case .json, .jsonl:
      try printer.print(report.record)
      try printer.finish()
    }
  }
}
