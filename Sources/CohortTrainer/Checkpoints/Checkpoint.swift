internal import CohortCore
public import CohortPlanning

/// All that a training run needs to go on where it was: the cursor, what was counted, and the learner's state.
/// Layout in `Schemas/checkpoint.md`.
public struct Checkpoint: Hashable, Sendable {
  /// The next step to train on.
  public var cursor: Cursor
  /// What the run has consumed up to here.
  public var progress: TrainingProgress
  /// The kind of learner the state is of.
  public var learner: String
  /// What `Learner.state()` gave.
  public var state: [UInt8]

  public init(cursor: Cursor, progress: TrainingProgress, learner: String, state: [UInt8]) {
    self.cursor = cursor
    self.progress = progress
    self.learner = learner
    self.state = state
  }

  private static let magic: UInt32 = 0x5450_4b43
  /// The layout that `encode` writes, and the only one that is read.
  public static let version: UInt16 = 1

  /// The checkpoint's bytes, the same on every platform. Complexity: O(state).
  public func encode() -> [UInt8] {
    var writer = ByteWriter(capacity: state.count + 512)
    writer.fixed(Self.magic)
    writer.fixed(Self.version)
    writer.string(cursor.json)
    progress.encode(into: &writer)
    writer.string(learner)
    writer.blob(state)
    writer.fixed(XXH3.hash64(writer.bytes))
    return writer.bytes
  }

  /// Reads a checkpoint's bytes.
  /// - Throws: `trainer.unreadable` for bytes that are damaged or no checkpoint, `trainer.newer-format`.
  public init(decoding bytes: [UInt8]) throws {
    let what = "the checkpoint"
    do {
      self = try Checksummed.body(of: bytes).withUnsafeBytes { body in
        try ByteReader.decode(body) { reader in
          guard try reader.fixed(UInt32.self) == Self.magic else {
            throw CohortError.invalid("the first word", at: 0, cause: "these bytes are no checkpoint")
          }
          let version = try reader.fixed(UInt16.self)
          guard version == Self.version else {
            throw CohortError.newerFormat(what, version: version, known: Self.version)
          }
          let cursor = try Cursor(json: try reader.string())
          let progress = try TrainingProgress(from: &reader)
          let learner = try reader.string()
          return Checkpoint(cursor: cursor, progress: progress, learner: learner, state: [UInt8](try reader.blob()))
        }
      }
    } catch let error as CohortError where error.isFormat {
      throw CohortError.unreadable(what, cause: error.description)
    }
  }
}
