internal import CohortCore

/// What a run has consumed, from its first step on: a resumed run counts on.
public struct TrainingProgress: Hashable, Sendable {
  /// Steps of the plan that were consumed, those without anything to learn included.
  public internal(set) var steps: UInt64 = 0
  /// Samples that were given to the learner, repeats included.
  public internal(set) var samples: UInt64 = 0
  /// Predicted bytes or tokens.
  public internal(set) var tokens: UInt64 = 0
  /// Samples of the plan that had been deleted when their turn came.
  public internal(set) var missing: UInt64 = 0
  /// The losses of each group's steps.
  public internal(set) var losses = LossByGroup()

  /// The progress of a run before its first step.
  public init() {}

  /// What another program counted.
  public init(steps: UInt64, samples: UInt64, tokens: UInt64, missing: UInt64 = 0, losses: LossByGroup) {
    self.steps = steps
    self.samples = samples
    self.tokens = tokens
    self.missing = missing
    self.losses = losses
  }

  mutating func record(_ batch: TrainingBatch, _ outcome: StepOutcome) {
    steps += 1
    samples += UInt64(batch.samples.count)
    tokens += UInt64(outcome.tokens)
    missing += UInt64(batch.missing)
    losses.record(batch.group, outcome)
  }

  func encode(into writer: inout ByteWriter) {
    for value in [steps, samples, tokens, missing] { writer.fixed(value) }
    losses.encode(into: &writer)
  }

  init(from reader: inout ByteReader) throws {
    steps = try reader.fixed()
    samples = try reader.fixed()
    tokens = try reader.fixed()
    missing = try reader.fixed()
    losses = try LossByGroup(from: &reader)
  }
}
