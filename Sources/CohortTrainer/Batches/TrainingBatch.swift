public import CohortCore

/// One sample as a learner sees it: the text before the last assistant message, and that message.
public struct TrainingSample: Hashable, Sendable {
  /// The sample's number in the store.
  public var id: SampleID
  /// UTF-8 of all messages before the response, joined with a newline.
  public var prompt: [UInt8]
  /// UTF-8 of the last assistant message; empty when the sample has none.
  public var response: [UInt8]

  public init(id: SampleID, prompt: [UInt8], response: [UInt8]) {
    self.id = id
    self.prompt = prompt
    self.response = response
  }
}

/// What one rank trains on in one optimizer step: samples of a single group (but for pooled tails and ungrouped epochs,
/// where the plan mixes), in the plan's order.
public struct TrainingBatch: Hashable, Sendable {
  /// The epoch that the step belongs to, from 0.
  public var epoch: UInt64
  /// Step within the epoch, from 0.
  public var step: UInt64
  /// The samples' group; of a mixed step, as the plan names it.
  public var group: GroupID
  /// This rank's samples, in the plan's order, without those that were deleted.
  public var samples: [TrainingSample]
  /// The micro-batches of gradient accumulation, as consecutive ranges that cover `samples`. A part may be empty when
  /// all of its samples were deleted.
  public var parts: [Range<Int>]
  /// Samples of the plan that have been deleted from the store since. They leave a hole: nothing takes their place.
  public var missing: Int

  /// A batch as a source gives it.
  /// - Parameter parts: nil for a single part.
  public init(
    epoch: UInt64, step: UInt64, group: GroupID, samples: [TrainingSample], parts: [Range<Int>]? = nil, missing: Int = 0
  ) {
    self.epoch = epoch
    self.step = step
    self.group = group
    self.samples = samples
    self.parts = parts ?? [0..<samples.count]
    self.missing = missing
  }
}
