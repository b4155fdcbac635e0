internal import CohortCore
internal import CohortPlanning
public import CohortStore

/// The checkpoints of one run, in the store's `runs` table, through the store's writer: durable when `save` returns.
///
/// A run is a name, and follows one plan. It comes into being with its first checkpoint.
public struct StoreCheckpoints: CheckpointKeeper, Sendable {
  /// The name of the run.
  public let run: String
  /// How many checkpoints are kept; older ones are removed as new ones come.
  public let keep: Int
  private let store: Store
  private let plan: PlanRecord

  /// The checkpoints of one run, which is begun with its first one if it does not exist.
  /// - Parameter store: open as its owner, if anything is to be saved.
  /// - Throws: `trainer.setting` unless at least one checkpoint is kept.
  public init(store: Store, run: String, plan: PlanRecord, keep: Int = 3) throws {
    guard keep >= 1 else { throw CohortError.setting("the number of checkpoints kept", keep, allowed: "at least 1") }
    self.store = store
    self.run = run
    self.plan = plan
    self.keep = keep
  }

  /// A name that no run has yet: the plan's, or the plan's with a number.
  public static func freshName(for plan: PlanRecord, in store: Store) throws -> String {
    let names = Set(try store.read { try $0.runs().map(\.name) })
    var name = plan.name
    var number = 1
    while names.contains(name) {
      number += 1
      name = "\(plan.name)-\(number)"
    }
    return name
  }

  /// The youngest run that follows a plan of this name; nil when there is none.
  public static func latestRun(of plan: String, in store: Store) throws -> RunRecord? {
    try store.read { try $0.runs().last { $0.plan == plan } }
  }

  /// Saves in one durable commit, and creates the run at its first checkpoint. Checkpoints beyond the number to keep go
  /// in the same commit.
  /// - Throws: `trainer.foreign-run` when the run follows another plan, and what the store throws.
  public func save(_ checkpoint: Checkpoint) throws {
    let bytes = checkpoint.encode()
    try store.write { transaction in
      let run = try transaction.reading.run(named: run) ?? transaction.createRun(name: run, plan: plan)
      guard run.planHash == checkpoint.cursor.planHash else {
        throw CohortError(
          .trainerForeignRun, "run \(run.name) follows another plan than the checkpoint", place: "run \(run.name)",
          cause: "the run follows plan \(run.planHash), the checkpoint is of plan \(checkpoint.cursor.planHash)",
          hint: "Give the new run another name")
      }
      _ = try transaction.saveCheckpoint(
        bytes, run: run.name, epoch: checkpoint.cursor.epoch, step: checkpoint.cursor.step, keep: keep)
    }
  }

  /// The newest checkpoint that can be read, and why newer ones could not; nil when the run has none yet.
  /// - Throws: the reason of the newest one when checkpoints exist and none can be read.
  public func latest() throws -> KeptCheckpoint? {
    try store.read { transaction in
      guard let run = try transaction.run(named: run) else { return nil }
      var damaged: [(number: UInt64, reason: String)] = []
      var failure: (any Error)?
      for number in try transaction.checkpoints(of: run).reversed() {
        do {
          guard let stored = try transaction.checkpoint(number, of: run) else { continue }
          return KeptCheckpoint(
            checkpoint: try Checkpoint(decoding: stored.bytes), number: number, damaged: damaged)
        } catch let error as CohortError where error.category == .corruption {
          damaged.append((number, error.description))
          failure = failure ?? error
        }
      }
      if let failure { throw failure }
      return nil
    }
  }
}
