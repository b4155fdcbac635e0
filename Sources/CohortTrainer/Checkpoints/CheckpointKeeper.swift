/// The checkpoint a run resumes from.
public struct KeptCheckpoint: Sendable {
  /// The latest one that could be read.
  public var checkpoint: Checkpoint
  /// Counts the checkpoints of a run.
  public var number: UInt64
  /// Later checkpoints that were passed over because they are damaged: number and reason. Going back further costs
  /// time and changes no result.
  public var damaged: [(number: UInt64, reason: String)]

  public init(checkpoint: Checkpoint, number: UInt64, damaged: [(number: UInt64, reason: String)] = []) {
    self.checkpoint = checkpoint
    self.number = number
    self.damaged = damaged
  }
}

/// Where a training session puts its checkpoints.
public protocol CheckpointKeeper {
  /// Keeps a checkpoint. When this returns it survives a power cut.
  func save(_ checkpoint: Checkpoint) throws

  /// The latest checkpoint that can be read; nil when there is none at all.
  /// - Throws: when there are checkpoints and all of them are damaged.
  func latest() throws -> KeptCheckpoint?
}
