internal import CohortCore
internal import CohortPlanning
public import CohortStore

/// The losses by task and by source that a trainer of another program noted: what the state of a checkpoint of the learner
/// `losses` holds. Those by group are in `TrainingProgress.losses`, as for every learner. There are no weights in it: they
/// stay where that program keeps them. Layout in `Schemas/checkpoint.md`.
public struct NotedLosses: Hashable, Sendable {
  /// The kind of learner that a checkpoint with such a state names.
  public static let learner = "losses"

  /// By the tasks' names.
  public var tasks: [String: LossByGroup.Statistics]
  /// By the sources' names.
  public var sources: [String: LossByGroup.Statistics]

  public init(tasks: [String: LossByGroup.Statistics] = [:], sources: [String: LossByGroup.Statistics] = [:]) {
    self.tasks = tasks
    self.sources = sources
  }

  private static let magic: UInt32 = 0x534f_4c43
  private static let version: UInt16 = 1

  /// The bytes of the state. Complexity: O(names).
  public func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(Self.magic)
    writer.fixed(Self.version)
    for losses in [tasks, sources] {
      writer.varint(losses.count)
      for (name, statistics) in losses.sorted(by: { $0.key < $1.key }) {
        writer.string(name)
        statistics.encode(into: &writer)
      }
    }
    writer.fixed(XXH3.hash64(writer.bytes))
    return writer.bytes
  }

  /// Reads what `encode` gave.
  /// - Throws: `trainer.unreadable` for other bytes, `trainer.newer-format`.
  public init(decoding bytes: [UInt8]) throws {
    let what = "the losses that were noted"
    do {
      self = try Checksummed.body(of: bytes).withUnsafeBytes { body in
        try ByteReader.decode(body) { reader in
          guard try reader.fixed(UInt32.self) == Self.magic else {
            throw CohortError.invalid("the first word", at: 0, cause: "these bytes are no losses")
          }
          let version = try reader.fixed(UInt16.self)
          guard version == Self.version else {
            throw CohortError.newerFormat(what, version: version, known: Self.version)
          }
          return NotedLosses(tasks: try Self.losses(&reader), sources: try Self.losses(&reader))
        }
      }
    } catch let error as CohortError where error.isFormat {
      throw CohortError.unreadable(what, cause: error.description)
    }
  }

  private static func losses(_ reader: inout ByteReader) throws -> [String: LossByGroup.Statistics] {
    var losses: [String: LossByGroup.Statistics] = [:]
    for _ in 0..<(try reader.count(unit: 41)) {
      let name = try reader.string()
      losses[name] = try LossByGroup.Statistics(from: &reader)
    }
    return losses
  }
}

extension StoreCheckpoints {
  /// Keeps where a trainer of another program is and what it lost on what, as a checkpoint without weights. Makes the run if
  /// it is not there. Durable when it returns. One commit.
  ///
  /// The losses are those of the whole run so far, so a note that is lost or comes twice does no harm: the next one says all.
  /// - Parameters:
  ///   - checkpoint: of the learner `NotedLosses.learner`.
  ///   - keep: how many notes the store keeps.
  /// - Returns: the note's number in the run.
  /// - Throws: `trainer.foreign-run` for a run that follows another plan, `trainer.other-learner` for one that trains a learner
  ///   in the store; what the store throws.
  public static func note(
    _ checkpoint: Checkpoint, run name: String, plan: PlanRecord, in store: Store, keep: Int = 3
  ) throws -> UInt64 {
    let bytes = checkpoint.encode()
    return try store.write { transaction in
      let run = try transaction.reading.run(named: name) ?? transaction.createRun(name: name, plan: plan)
      guard run.planHash == checkpoint.cursor.planHash else { throw foreign(run, checkpoint) }
      if let last = try transaction.reading.checkpoints(of: run).last,
        let stored = try transaction.reading.checkpoint(last, of: run),
        let known = try? Checkpoint(decoding: stored.bytes), known.learner != checkpoint.learner
      {
        throw CohortError(
          .trainerOtherLearner, "run \(name) trains a \(known.learner) learner in the store", place: "run \(name)",
          hint: "Note the losses in a run of another name")
      }
      return try transaction.saveCheckpoint(
        bytes, run: name, epoch: checkpoint.cursor.epoch, step: checkpoint.cursor.step, keep: keep)
    }
  }

  static func foreign(_ run: RunRecord, _ checkpoint: Checkpoint) -> CohortError {
    CohortError(
      .trainerForeignRun, "run \(run.name) follows another plan than the checkpoint", place: "run \(run.name)",
      cause: "the run follows plan \(run.planHash), the checkpoint is of plan \(checkpoint.cursor.planHash)",
      hint: "Give the new run another name")
  }
}
