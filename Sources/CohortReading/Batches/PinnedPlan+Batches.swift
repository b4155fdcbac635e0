public import CohortCore
public import CohortPlanning
internal import CohortStore

extension PinnedPlan {
  /// The ids of a share of a step: its micro-batches one after the other.
  /// - Returns: the ids, and where among them each micro-batch begins, with their number behind.
  /// - Throws: `planning.invalid-slice`, `store.corrupted`.
  public func ids(of step: PlannedStep, share: StepShare) throws -> (ids: [SampleID], bounds: [Int]) {
    let (positions, bounds) = try Self.positions(of: step, share)
    return (try ids(at: positions), bounds)
  }

  /// Reads a share of a step into a batch, in one read transaction. Samples that were deleted since the snapshot are in it,
  /// marked as missing.
  /// - Throws: `planning.invalid-slice`; `reading.missing-sample` for a sample that is gone without having been deleted; as
  ///   `TextBatch.read`. The batch is empty then.
  public func read(_ step: PlannedStep, share: StepShare = StepShare(), into batch: TextBatch) throws {
    do {
      let (positions, bounds) = try Self.positions(of: step, share)
      try store.read { transaction in
        try batch.read(try ids(at: positions, transaction), bounds: bounds, of: step, transaction)
      }
    } catch {
      batch.clear()
      throw error
    }
  }

  private static func positions(of step: PlannedStep, _ share: StepShare) throws -> ([UInt64], [Int]) {
    var positions: [UInt64] = []
    var bounds = [0]
    for part in try share.parts(of: step) {
      positions += step.positions[part]
      bounds.append(positions.count)
    }
    return (positions, bounds)
  }
}
