public import CohortCore

/// One step of a plan: one optimizer step's global batch.
public struct PlannedStep: Hashable, Sendable {
  /// The epoch that the step belongs to, counted from 0.
  public let epoch: UInt64
  /// Its place in the epoch, counted from 0.
  public let step: UInt64
  /// The group the batch is from. In a mixed step the group that most members are from (the lowest id of equal ones);
  /// `GroupID.unassigned` in steps of `random` epochs that may mix.
  public let group: GroupID
  /// Positions in the snapshot's membership order, in the batch's order.
  public let positions: [UInt64]
  /// Whether the batch may hold members of several groups: pooled tails, and `random` epochs. A group with others folded
  /// into it counts as one.
  public let isMixed: Bool

  public init(epoch: UInt64, step: UInt64, group: GroupID, positions: [UInt64], isMixed: Bool) {
    self.epoch = epoch
    self.step = step
    self.group = group
    self.positions = positions
    self.isMixed = isMixed
  }

  /// Which part of the batch a rank trains on in one of its micro-batches, as a range of indices into `positions`.
  ///
  /// The batch is cut into `world × accumulation` contiguous, even parts; micro-batch a of rank r is part
  /// `a × world + r`. All parts in that order are the whole batch, whatever the world. A batch smaller than the number
  /// of parts leaves some parts empty.
  /// - Throws: `planning.invalid-slice` for a rank or micro-batch outside the world.
  public func slice(rank: Int, world: Int, accumulation: Int = 1, micro: Int = 0) throws -> Range<Int> {
    try Self.slice(count: positions.count, rank: rank, world: world, accumulation: accumulation, micro: micro)
  }

  /// The slice of a batch of `count` samples.
  public static func slice(
    count: Int, rank: Int, world: Int, accumulation: Int = 1, micro: Int = 0
  ) throws -> Range<Int> {
    let limit = 1 << 20
    guard count >= 0, world >= 1, world <= limit, accumulation >= 1, accumulation <= limit,
      (0..<world).contains(rank), (0..<accumulation).contains(micro)
    else {
      throw CohortError(
        .planningInvalidSlice, "rank \(rank) of \(world), micro-batch \(micro) of \(accumulation) is no part of a step",
        hint: "Ranks and micro-batches count from 0; there is at least one of each, and at most \(limit)")
    }
    let parts = UInt64(world * accumulation)
    let part = UInt64(micro * world + rank)
    func bound(_ part: UInt64) -> Int {
      Int(truncatingIfNeeded: parts.dividingFullWidth(UInt64(count).multipliedFullWidth(by: part)).quotient)
    }
    return bound(part)..<bound(part + 1)
  }
}
