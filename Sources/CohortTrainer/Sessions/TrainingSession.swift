internal import CohortCore
public import CohortPlanning

/// Trains a learner on the epochs of a plan, with checkpoints, so that a run that is killed at any moment and resumed
/// ends with the weights of one that was not.
///
/// The cursor counts steps that the learner has *consumed*; what a source has read ahead does not matter. A checkpoint
/// is taken between steps, and holds cursor and learner together.
///
/// ```swift
/// var session = try TrainingSession(plan: plan, learner: ReferenceLearner(), epochs: 2, checkpointEvery: 100)
/// let result = try session.run(batches: source, checkpoints: keeper, resume: true, now: clock) { report in .proceed }
/// ```
public struct TrainingSession<L: Learner> {
  /// The plan whose steps are trained on.
  public let plan: Plan
  /// The learner as it is after the last step that was run.
  public private(set) var learner: L
  /// The run ends before this epoch.
  public let epochs: UInt64
  /// Steps between checkpoints, counted from the beginning of the plan; nil for one at the end only.
  public let checkpointEvery: UInt64?

  /// A session at the beginning of the plan; nothing is read or trained yet.
  /// - Throws: `trainer.setting` for a checkpoint interval of 0, `trainer.empty-plan` for a plan without steps.
  public init(plan: Plan, learner: L, epochs: UInt64, checkpointEvery: UInt64? = nil) throws {
    if checkpointEvery == 0 {
      throw CohortError.setting("the number of steps between checkpoints", 0, allowed: "at least 1")
    }
    guard plan.stepsPerEpoch > 0 else {
      throw CohortError(
        .trainerEmptyPlan, "the plan has no steps to train on", place: "plan \(plan.hash)",
        hint: "Choose a smaller batch size, or another tail policy than drop")
    }
    self.plan = plan
    self.learner = learner
    self.epochs = epochs
    self.checkpointEvery = checkpointEvery
  }

  /// Trains from the beginning, or from the latest checkpoint.
  ///
  /// - Parameters:
  ///   - resume: go on from the latest checkpoint if there is one. Without any, training begins at the beginning.
  ///   - now: time since any fixed moment; only used for rates.
  ///   - observe: called after each step, and after the step's checkpoint was kept.
  /// - Throws: `planning.foreign-cursor` when the checkpoint belongs to another plan, `trainer.other-learner` and
  ///   `trainer.other-settings` when it is of another learner, and whatever source, keeper, learner and observer throw.
  ///   Checkpoints kept before an error remain.
  public mutating func run(
    batches source: some BatchSource, checkpoints keeper: some CheckpointKeeper, resume: Bool, now: () -> Duration,
    observe: (StepReport) throws -> ObserverDecision
  ) throws -> TrainingResult {
    var run = Run(cursor: try plan.cursor())
    if resume, let kept = try keeper.latest() { try take(kept, into: &run) }
    let start = now()
    var samples = 0
    var isKept = false
    var isStopped = false
    if run.cursor.epoch < epochs {
      var reader = try source.batches(from: run.cursor, untilEpoch: epochs)
      while run.cursor.epoch < epochs, !isStopped {
        let batch = try nextBatch(&reader, at: run.cursor)
        let outcome = try learner.step(batch)
        run.cursor = try run.cursor.advanced(in: plan)
        run.progress.record(batch, outcome)
        samples += batch.samples.count
        isKept = isCheckpointDue(at: run.cursor)
        if isKept { try keeper.save(checkpoint(run)) }
        let seconds = (now() - start) / .seconds(1)
        let report = StepReport(
          epoch: batch.epoch, step: batch.step, group: batch.group, loss: outcome.loss, tokens: outcome.tokens,
          samples: batch.samples.count, missing: batch.missing,
          samplesPerSecond: seconds > 0 ? Double(samples) / seconds : 0, checkpointed: isKept)
        isStopped = try observe(report) == .stop
      }
      if !isKept { try keeper.save(checkpoint(run)) }
    }
    return TrainingResult(
      weightsDigest: learner.weightsDigest, cursor: run.cursor, progress: run.progress, resumedFrom: run.resumedFrom,
      damagedCheckpoints: run.damaged, isFinished: run.cursor.epoch >= epochs)
  }

  private struct Run {
    var cursor: Cursor
    var progress = TrainingProgress()
    var resumedFrom: Cursor?
    var damaged: [(number: UInt64, reason: String)] = []
  }

  private mutating func take(_ kept: KeptCheckpoint, into run: inout Run) throws {
    let checkpoint = kept.checkpoint
    run.cursor = try checkpoint.cursor.validate(against: plan)
    guard checkpoint.learner == learner.kind else {
      throw CohortError(
        .trainerOtherLearner, "the checkpoint is of a \(checkpoint.learner) learner, not of a \(learner.kind) one",
        place: "checkpoint \(kept.number)", hint: "Resume with the learner the run was started with")
    }
    try learner.restore(checkpoint.state)
    run.progress = checkpoint.progress
    run.resumedFrom = run.cursor
    run.damaged = kept.damaged
  }

  private func nextBatch(_ reader: inout any BatchReading, at cursor: Cursor) throws -> TrainingBatch {
    guard let batch = try reader.next() else {
      throw CohortError(
        .trainerBatchesEnded, "the batches ended before the last epoch did",
        place: "epoch \(cursor.epoch), step \(cursor.step)")
    }
    guard batch.epoch == cursor.epoch, batch.step == cursor.step else {
      throw CohortError(
        .trainerOutOfOrder, "the source gave another step than the next one",
        place: "epoch \(cursor.epoch), step \(cursor.step)", cause: "it gave step \(batch.step) of epoch \(batch.epoch)"
      )
    }
    return batch
  }

  private func isCheckpointDue(at cursor: Cursor) -> Bool {
    guard let checkpointEvery else { return false }
    // Remainders, so that no product of epochs and steps can overflow.
    let epochs = (cursor.epoch % checkpointEvery).multipliedFullWidth(by: plan.stepsPerEpoch % checkpointEvery)
    let before = checkpointEvery.dividingFullWidth(epochs).remainder
    let rest = cursor.step % checkpointEvery
    return rest == 0 ? before == 0 : before == checkpointEvery - rest
  }

  private func checkpoint(_ run: Run) -> Checkpoint {
    Checkpoint(cursor: run.cursor, progress: run.progress, learner: learner.kind, state: learner.state())
  }
}
