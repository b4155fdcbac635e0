public import CohortCore
public import CohortPlanning

/// One step that was trained.
public struct StepReport: Sendable {
  /// The epoch that the step belongs to, from 0.
  public var epoch: UInt64
  /// Its place in the epoch, from 0.
  public var step: UInt64
  /// The group of its batch, as the plan names it.
  public var group: GroupID
  /// Mean cross-entropy of the batch in nats, before the update.
  public var loss: Double
  /// Bytes or tokens that were predicted.
  public var tokens: Int
  /// Samples of the batch.
  public var samples: Int
  /// Samples that were deleted from the store after the snapshot.
  public var missing: Int
  /// Since the session began, by the clock it was given; 0 before time has passed.
  public var samplesPerSecond: Double
  /// Whether a checkpoint was kept after this step.
  public var checkpointed: Bool
}

/// What the observer of a session wants after a step.
public enum ObserverDecision: Hashable, Sendable {
  /// Go on with the next step.
  case proceed
  /// Keep a checkpoint and end the session.
  case stop
}

/// How a session ended.
public struct TrainingResult: Sendable {
  /// Digest of the learner's weights at the end: equal runs, equal digests.
  public var weightsDigest: Digest128
  /// The next step to train on: the end of the last epoch, unless the observer stopped the session before.
  public var cursor: Cursor
  /// Over the whole run, resumed parts included.
  public var progress: TrainingProgress
  /// Where the session took up an earlier one; nil when it began at the beginning.
  public var resumedFrom: Cursor?
  /// Damaged checkpoints that were passed over while resuming.
  public var damagedCheckpoints: [(number: UInt64, reason: String)]
  /// False when the observer stopped the session.
  public var isFinished: Bool
}
