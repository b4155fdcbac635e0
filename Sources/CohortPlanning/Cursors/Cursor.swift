public import CohortCore

/// All that a trainer must remember to resume: how many steps of which plan it has consumed. The same on every rank.
///
/// `epoch` and `step` name the next step to train on. A cursor at the end of an epoch is the beginning of the next.
public struct Cursor: Hashable, Sendable {
  /// The format this release writes, and the only one it reads.
  public static let currentVersion: UInt64 = 1
  /// Epochs and steps are at most 2⁵³ - 1, so that every JSON reader keeps them exactly.
  public static let greatestNumber: UInt64 = (1 << 53) - 1

  /// The format that it was written in: `currentVersion`.
  public let version: UInt64
  /// The store that the plan was made for.
  public let storeID: Digest128
  /// Name of the plan's snapshot; it must be the plan's, and is for people.
  public let snapshot: String
  /// Hash of the plan that the steps were counted in: no other plan takes the cursor.
  public let planHash: Digest128
  /// Epoch of the next step, counted from 0.
  public let epoch: UInt64
  /// The next step within that epoch, counted from 0.
  public let step: UInt64

  init(storeID: Digest128, snapshot: String, planHash: Digest128, epoch: UInt64, step: UInt64) {
    version = Self.currentVersion
    self.storeID = storeID
    self.snapshot = snapshot
    self.planHash = planHash
    self.epoch = epoch
    self.step = step
  }

  /// Refuses a cursor of another plan, and one beyond its epoch, and gives it in the one form that belongs to its place:
  /// step `stepsPerEpoch` becomes step 0 of the next epoch.
  /// - Throws: `planning.foreign-cursor` with both hashes, or `planning.invalid-cursor`.
  @discardableResult
  public func validate(against plan: Plan) throws -> Cursor {
    guard planHash == plan.hash else {
      throw CohortError(
        .planningForeignCursor, "the cursor belongs to plan \(planHash), this is plan \(plan.hash)",
        place: "snapshot \(snapshot)",
        cause: storeID == plan.storeID
          ? nil : "the cursor's store is \(storeID), the plan's store is \(plan.storeID)",
        hint: "Resume with the plan the cursor was saved with; another snapshot, seed or batch size is another plan")
    }
    // Equal hashes imply equal stores and snapshots, so these differ only in a text that was edited.
    guard storeID == plan.storeID, snapshot == plan.snapshotName else {
      throw Self.invalid("its store and snapshot (\(storeID), \(snapshot)) are not those of its plan")
    }
    guard step <= plan.stepsPerEpoch else {
      throw Self.invalid("step \(step) lies beyond the epoch's \(plan.stepsPerEpoch) steps")
    }
    return try plan.cursor(epoch: epoch, step: step)
  }

  /// The cursor after some more steps.
  /// - Throws: what `validate(against:)` throws, and `planning.invalid-cursor` beyond the greatest number.
  public func advanced(by steps: UInt64 = 1, in plan: Plan) throws -> Cursor {
    let here = try validate(against: plan)
    let (sum, overflow) = here.step.addingReportingOverflow(steps)
    guard !overflow else { throw Self.invalid("\(steps) steps on is beyond \(Self.greatestNumber)") }
    let (epochs, step) = sum.quotientAndRemainder(dividingBy: plan.stepsPerEpoch)
    guard epochs <= Self.greatestNumber - here.epoch else {
      throw Self.invalid("\(steps) steps on is beyond epoch \(Self.greatestNumber)")
    }
    return try plan.cursor(epoch: here.epoch + epochs, step: step)
  }

  static func invalid(_ cause: String) -> CohortError {
    CohortError(
      .planningInvalidCursor, "the cursor is not usable", cause: cause, hint: "Use the cursor exactly as it was saved")
  }
}

extension Plan {
  /// The cursor at a step. `step == stepsPerEpoch` is the beginning of the next epoch.
  /// - Throws: `planning.invalid-cursor` for a place the plan does not have.
  public func cursor(epoch: UInt64 = 0, step: UInt64 = 0) throws -> Cursor {
    guard step <= stepsPerEpoch, epoch <= Cursor.greatestNumber - (step == stepsPerEpoch ? 1 : 0),
      stepsPerEpoch <= Cursor.greatestNumber
    else { throw Cursor.invalid("there is no step \(step) of epoch \(epoch)") }
    let isEnd = step == stepsPerEpoch
    return Cursor(
      storeID: storeID, snapshot: snapshotName, planHash: hash, epoch: isEnd ? epoch + 1 : epoch,
      step: isEnd ? 0 : step)
  }

  /// The step a cursor names. Complexity: that of `step(epoch:step:)`.
  public func step(at cursor: Cursor) throws -> PlannedStep {
    let here = try cursor.validate(against: self)
    return try step(epoch: here.epoch, step: here.step)
  }
}
