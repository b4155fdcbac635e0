internal import CCohort
internal import CohortCore
internal import CohortPlanning
internal import CohortReading
internal import CohortStore
internal import CohortSystem

/// A plan as C holds it, with its store: each process reads it for itself.
final class PlanHandle: Handle, Sendable {
  private let opened: ProcessLocal<PinnedPlan>
  let stepsPerEpoch: UInt64
  let largestStep: UInt64

  /// - Parameter name: of the plan, or its hash.
  init(_ handle: StoreHandle, name: String) throws {
    let store = try handle.store
    let first = try Self.find(name, in: store)
    let record = first.record
    stepsPerEpoch = first.plan.stepsPerEpoch
    largestStep = first.plan.largestStep
    // The record's own bytes: in a child the plan is the same, whatever became of its name.
    opened = ProcessLocal(first) { try PinnedPlan(try handle.store, record) }
  }

  /// This process's plan.
  var pinned: PinnedPlan { get throws { try opened.value } }

  /// The step of a call. Epochs are held to what a cursor can say.
  func step(_ epoch: UInt64, _ step: UInt64) throws -> (pinned: PinnedPlan, step: PlannedStep) {
    try Self.check(epoch)
    let pinned = try pinned
    return (pinned, try pinned.plan.step(epoch: epoch, step: step))
  }

  static func check(_ epoch: UInt64) throws {
    guard epoch <= Cursor.greatestNumber else {
      throw CohortError.argument("epoch", "\(epoch) is more than \(Cursor.greatestNumber)")
    }
  }

  /// A name is looked for first: a plan may be called like a hash.
  private static func find(_ name: String, in store: Store) throws -> PinnedPlan {
    if let hash = Digest128(hexadecimal: name) {
      let record = try store.read { transaction in
        try transaction.plan(named: name) ?? transaction.plans().first { $0.hash == hash }
      }
      if let record { return try PinnedPlan(store, record) }
    }
    return try PinnedPlan(store, named: name)
  }
}

extension StepShare {
  /// A share as C says it.
  init(_ share: cohort_share) {
    self.init(rank: Int(share.rank), world: Int(share.world), accumulation: Int(share.accumulation))
  }
}
