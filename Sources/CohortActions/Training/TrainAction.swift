internal import CohortPlanning
public import CohortCore
public import CohortPipeline
public import CohortStore
internal import CohortTrainer

/// `train`: trains the reference learner on a plan, with checkpoints in the store.
///
/// A run that is killed at any moment and taken up again ends in the weights of one that was not.
public struct TrainAction: Action {
  public static let name = "train"
  public var access: ActionAccess { .writes }
  /// The columns of the rows, one a step.
  public static let columns: [ReportColumn] = [
    "epoch", "step", "group", "loss", "tokens", "samples", .hidden("missing"), "samples_per_second", "checkpointed",
  ]
  /// Name of the plan whose steps the learner follows.
  public var plan: String
  /// Until this many epochs of the plan are done.
  public var epochs: UInt64
  /// Steps between checkpoints; nil for one at the end.
  public var checkpointEvery: UInt64?
  /// Goes on from the run's latest checkpoint.
  public var resume: Bool
  /// Nil for the plan's name, with a number if that is taken; to go on, for the plan's latest run.
  public var runName: String?
  /// The seed of the learner's first weights.
  public var learnerSeed: UInt64

  public init(
    plan: String, epochs: UInt64, checkpointEvery: UInt64? = nil, resume: Bool = false, runName: String? = nil,
    learnerSeed: UInt64 = 0
  ) {
    self.plan = plan
    self.epochs = epochs
    self.checkpointEvery = checkpointEvery
    self.resume = resume
    self.runName = runName
    self.learnerSeed = learnerSeed
  }

  /// Trains until the epochs are done or the control stops it; there is a checkpoint at the end either way.
  /// - Parameter step: gets each step when it is done.
  /// - Throws: `store.name`, `cli.run-exists`, `store.unknown-plan`; `store.unknown-run` for a run to go on with that does not
  ///   exist; what the trainer throws.
  public func run(
    on store: Store, _ control: JobControl, _ step: (ReportRecord) throws -> Void
  ) throws -> TrainReport {
    if let runName { try NameRule.check(runName, of: "run") }
    let record = try store.read { try $0.existingPlan(plan) }
    return try store.following(record) { try train(on: store, record, control, step) }
  }

  private func train(
    on store: Store, _ record: PlanRecord, _ control: JobControl, _ step: (ReportRecord) throws -> Void
  ) throws -> TrainReport {
    let batches = try StoreBatches(store: store, plan: record)
    let checkpoints = try checkpoints(for: record, in: store)
    var training = try TrainingSession(
      plan: batches.plan, learner: ReferenceLearner(ReferenceLearner.Configuration(seed: learnerSeed)),
      epochs: epochs, checkpointEvery: checkpointEvery)
    try checkpoints.begin()
    let start = ContinuousClock.now
    let steps = batches.plan.stepsPerEpoch
    let (total, isTooMany) = steps.multipliedReportingOverflow(by: epochs)
    let result = try training.run(
      batches: batches, checkpoints: checkpoints, resume: resume, now: { ContinuousClock.now - start }
    ) { report in
      try step(report.record)
      control.report(
        JobProgress(
          stage: "train", done: min(report.epoch &* steps &+ report.step &+ 1, isTooMany ? .max : total),
          total: isTooMany ? nil : total, unit: "steps"))
      return control.shouldStop() ? .stop : .proceed
    }
    return TrainReport(run: checkpoints.run, plan: record, epochs: epochs, result: result)
  }

  private func checkpoints(for record: PlanRecord, in store: Store) throws -> StoreCheckpoints {
    guard let runName else {
      if resume, let latest = try StoreCheckpoints.latestRun(of: record.name, in: store) {
        return try StoreCheckpoints(store: store, run: latest.name, plan: record)
      }
      return try StoreCheckpoints(store: store, freshRunOf: record)
    }
    let runs = try store.read { try $0.runs().map(\.name) }
    let exists = runs.contains(runName)
    // Whoever wants to go on has a run in mind: to begin another one would cost them all that they trained.
    if resume, !exists {
      var error = CohortError.unknown("run", runName, known: runs)
      error.message += ": there is nothing to resume"
      if error.hint == nil || runs.isEmpty { error.hint = "Without --resume, a run of this name is begun" }
      throw error
    }
    guard resume || !exists else {
      throw CohortError(
        .cliRunExists, "There is already a run named '\(runName)'",
        hint: "Go on with it by --resume, or give the new run another name")
    }
    return try StoreCheckpoints(store: store, run: runName, plan: record)
  }
}

/// How a training ended.
public struct TrainReport: RecordReport {
  let run: String
  let plan: PlanRecord
  let epochs: UInt64
  let result: TrainingResult

  /// Digest of the learner's weights at the end, in hexadecimal digits: equal runs, equal digests.
  public var weightsDigest: String { result.weightsDigest.description }

  public var record: ReportRecord {
    [
      "weights_digest": .digest(result.weightsDigest), "run": .text(run), "plan": .text(plan.name),
      "plan_hash": .digest(plan.hash), "epochs": .count(epochs), "finished": .boolean(result.isFinished),
      "epoch": .count(result.cursor.epoch), "step": .count(result.cursor.step),
      "steps": .count(result.progress.steps), "samples": .count(result.progress.samples),
      "tokens": .count(result.progress.tokens), "missing": .count(result.progress.missing),
      "resumed_from": result.resumedFrom.map { .record(["epoch": .count($0.epoch), "step": .count($0.step)]) }
        ?? .null,
      "damaged_checkpoints": .list(result.damagedCheckpoints.map { .count($0.number) }),
    ]
  }

  public var notes: [String] {
    result.damagedCheckpoints.map { "passed over checkpoint \($0.number): \($0.reason)" }
  }

  /// `cli.interrupted` when it was stopped before its end.
  public var failure: CohortError? {
    guard !result.isFinished else { return nil }
    return CohortError(
      .cliInterrupted, "The training was interrupted; its last checkpoint is kept",
      place: "run \(run), epoch \(result.cursor.epoch), step \(result.cursor.step)",
      hint: "Go on with --run \(run) --resume")
  }
}

extension StepReport {
  fileprivate var record: ReportRecord {
    [
      "epoch": .count(epoch), "step": .count(step), "group": .id(group), "loss": .number(loss),
      "tokens": .count(tokens), "samples": .count(samples), "missing": .count(missing),
      "samples_per_second": .number(samplesPerSecond), "checkpointed": .boolean(checkpointed),
    ]
  }
}
