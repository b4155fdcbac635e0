import ArgumentParser
import CohortCore
import CohortPlanning
import CohortStore
import CohortTrainer

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
    if let run { try NameRule.check(run, of: "run") }
    let store = try session.writableStore(for: "train")
    let record = try store.read { try $0.existingPlan(plan) }
    let name = try runName(for: record, in: store)
    let batches = try StoreBatches(store: store, plan: record)
    let checkpoints = try StoreCheckpoints(store: store, run: name, plan: record)
    var training = try TrainingSession(
      plan: batches.plan, learner: ReferenceLearner(ReferenceLearner.Configuration(seed: learnerSeed)), epochs: epochs,
      checkpointEvery: checkpointEvery)

    Interruption.cooperate()
    let start = ContinuousClock.now
    let printer = session.output.rows(StepReport.columns, lines: true)
    var count: UInt64 = 0
    let result = try training.run(
      batches: batches, checkpoints: checkpoints, resume: resume, now: { ContinuousClock.now - start }
    ) { report in
      if count % logEvery == 0 {
        try printer.print(report.output)
        // Whoever follows the run sees each step when it is done.
        try printer.flush()
      }
      count += 1
      return Interruption.requested ? .stop : .proceed
    }
    try end(result, printer, run: name, plan: record, session)
    return .done
  }

  private func end(
    _ result: TrainingResult, _ printer: RowPrinter, run name: String, plan record: PlanRecord, _ session: Session
  ) throws {
    for damaged in result.damagedCheckpoints {
      session.progress.note("passed over checkpoint \(damaged.number): \(damaged.reason)")
    }
    let final = result.output(run: name, plan: record, epochs: epochs)
    if session.output.format == .csv {
      // A row of other columns would break the file.
      try printer.finish()
      session.progress.note("weights_digest \(result.weightsDigest)")
    } else if session.output.format == .table {
      try printer.finish()
      try session.output.raw("\n")
      try session.output.record(final)
    } else {
      try printer.print(final)
      try printer.finish()
    }
    guard result.isFinished else {
      throw CohortError(
        .cliInterrupted, "The training was interrupted; its last checkpoint is kept",
        place: "run \(name), epoch \(result.cursor.epoch), step \(result.cursor.step)",
        hint: "Go on with --run \(name) --resume")
    }
  }

  /// The run that was named, the plan's latest when one is taken up again, or a new one.
  private func runName(for record: PlanRecord, in store: Store) throws -> String {
    guard let run else {
      if resume, let latest = try StoreCheckpoints.latestRun(of: record.name, in: store) { return latest.name }
      return try StoreCheckpoints.freshName(for: record, in: store)
    }
    let existing = try store.read { try $0.run(named: run) }
    guard existing == nil || resume else {
      throw CohortError(
        .cliRunExists, "There is already a run named '\(run)'",
        hint: "Go on with it by --resume, or give the new run another name")
    }
    return run
  }
}

extension StepReport {
  static let columns: [Column] = [
    "epoch", "step", "group", "loss", "tokens", "samples", .hidden("missing"), "samples_per_second", "checkpointed",
  ]

  var output: OutputRecord {
    [
      "epoch": .count(epoch), "step": .count(step), "group": .id(group), "loss": .number(loss),
      "tokens": .count(tokens), "samples": .count(samples), "missing": .count(missing),
      "samples_per_second": .number(samplesPerSecond), "checkpointed": .boolean(checkpointed),
    ]
  }
}

extension TrainingResult {
  func output(run: String, plan: PlanRecord, epochs: UInt64) -> OutputRecord {
    [
      "weights_digest": .digest(weightsDigest), "run": .text(run), "plan": .text(plan.name),
      "plan_hash": .digest(plan.hash), "epochs": .count(epochs), "finished": .boolean(isFinished),
      "epoch": .count(cursor.epoch), "step": .count(cursor.step), "steps": .count(progress.steps),
      "samples": .count(progress.samples), "tokens": .count(progress.tokens), "missing": .count(progress.missing),
      "resumed_from": resumedFrom.map { .record(["epoch": .count($0.epoch), "step": .count($0.step)]) } ?? .null,
      "damaged_checkpoints": .list(damagedCheckpoints.map { .count($0.number) }),
    ]
  }
}
