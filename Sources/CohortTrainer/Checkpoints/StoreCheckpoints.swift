internal import CohortCore
internal import CohortPlanning
public import CohortStore
internal import CohortSystem

/// The checkpoints of one run, in the store's `runs` table, through the store's writer: durable when `save` returns.
///
/// A run is a name, and follows one plan. It comes into being by `begin()`, or else with its first checkpoint. One training at a time makes a run:
/// each checkpoint follows the one that this value saved or read last, and where another training has saved one since, it
/// is refused.
public struct StoreCheckpoints: CheckpointKeeper, Sendable {
  private struct State {
    var run: String
    /// How many checkpoints the run has made, as far as this value has seen.
    var made: UInt64 = 0
    /// Whether the run is in the store under this name.
    var isBegun = false
  }

  /// How many checkpoints are kept; older ones are removed as new ones come.
  public let keep: Int
  private let store: Store
  private let plan: PlanRecord
  /// Whether another name may be taken when somebody else takes this one first.
  private let isNameFree: Bool
  private let state: Locked<State>

  /// The name of the run. One that was made up (`init(store:freshRunOf:keep:)`) is sure with the first checkpoint.
  public var run: String { state.withLock { $0.run } }

  /// The checkpoints of one run, which is begun with its first one if it does not exist.
  /// - Parameter store: open as its owner, if anything is to be saved.
  /// - Throws: `trainer.setting` unless at least one checkpoint is kept.
  public init(store: Store, run: String, plan: PlanRecord, keep: Int = 3) throws {
    try self.init(store: store, run: run, plan: plan, keep: keep, isNameFree: false)
  }

  /// The checkpoints of a new run, which is called as `freshName(for:in:)` says: if another run has that name when the first
  /// checkpoint is saved, the next one that is free.
  public init(store: Store, freshRunOf plan: PlanRecord, keep: Int = 3) throws {
    try self.init(
      store: store, run: try Self.freshName(for: plan, in: store), plan: plan, keep: keep, isNameFree: true)
  }

  private init(store: Store, run: String, plan: PlanRecord, keep: Int, isNameFree: Bool) throws {
    guard keep >= 1 else { throw CohortError.setting("the number of checkpoints kept", keep, allowed: "at least 1") }
    self.store = store
    self.plan = plan
    self.keep = keep
    self.isNameFree = isNameFree
    state = Locked(State(run: run))
  }

  /// A name that no run has yet: the plan's, or the plan's with a number.
  public static func freshName(for plan: PlanRecord, in store: Store) throws -> String {
    try store.read { try freshName(for: plan, $0) }
  }

  private static func freshName(for plan: PlanRecord, _ transaction: borrowing ReadTransaction) throws -> String {
    let names = Set(try transaction.runs().map(\.name))
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

  /// Makes the run, before its first step: then it is known however early the training ends, and nobody else takes its name.
  /// Does nothing for a run that is there.
  /// - Throws: `store.name`, and what the store throws.
  public func begin() throws {
    let before = state.withLock { $0 }
    guard !before.isBegun else { return }
    let name = try store.write { transaction in
      if !isNameFree, try transaction.reading.run(named: before.run) != nil { return before.run }
      let name = isNameFree ? try Self.freshName(for: plan, transaction.reading) : before.run
      return try transaction.createRun(name: name, plan: plan).name
    }
    state.withLock { ($0.run, $0.isBegun) = (name, true) }
  }

  /// Saves in one durable commit, and creates the run at its first checkpoint. Checkpoints beyond the number to keep go
  /// in the same commit.
  /// - Throws: `trainer.foreign-run` when the run follows another plan, `trainer.run-taken` when another training has saved
  ///   a checkpoint of it that this value has not read, and what the store throws.
  public func save(_ checkpoint: Checkpoint) throws {
    let bytes = checkpoint.encode()
    let before = state.withLock { $0 }
    let after = try store.write { transaction in
      var name = before.run
      if isNameFree, before.made == 0, !before.isBegun { name = try Self.freshName(for: plan, transaction.reading) }
      let run = try transaction.reading.run(named: name) ?? transaction.createRun(name: name, plan: plan)
      guard run.planHash == checkpoint.cursor.planHash else { throw Self.foreign(run, checkpoint) }
      guard run.nextCheckpoint == before.made else { throw Self.taken(run, seen: before.made) }
      let number = try transaction.saveCheckpoint(
        bytes, run: run.name, epoch: checkpoint.cursor.epoch, step: checkpoint.cursor.step, keep: keep)
      return State(run: name, made: number + 1, isBegun: true)
    }
    state.withLock { $0 = after }
  }

  private static func taken(_ run: RunRecord, seen: UInt64) -> CohortError {
    seen == 0
      ? CohortError(
        .trainerRunTaken, "there is already a run named \(run.name)", place: "run \(run.name)",
        hint: "Go on with it by --resume, or give the new run another name")
      : CohortError(
        .trainerRunTaken, "another training goes on with run \(run.name)", place: "run \(run.name)",
        cause: "it has made \(run.nextCheckpoint) checkpoints, and this training knows of \(seen)",
        hint: "Let one of them go on alone, with --resume; or give this one a run of its own")
  }

  /// The newest checkpoint that can be read, and why newer ones could not; nil when the run has none yet.
  /// - Throws: the reason of the newest one when checkpoints exist and none can be read.
  public func latest() throws -> KeptCheckpoint? {
    let name = run
    return try store.read { transaction in
      guard let run = try transaction.run(named: name) else { return nil }
      state.withLock { $0.made = run.nextCheckpoint }
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
