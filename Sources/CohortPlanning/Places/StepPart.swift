internal import CohortCore

/// Which part of a step an index among its positions belongs to: the inverse of `PlannedStep.slice`.
public struct StepPart: Hashable, Sendable {
  /// The process that trains on it, from 0.
  public let rank: Int
  /// Which of that process's micro-batches it is in, from 0.
  public let micro: Int
  /// The place in that micro-batch, from 0.
  public let place: Int

  public init(rank: Int, micro: Int, place: Int) {
    self.rank = rank
    self.micro = micro
    self.place = place
  }
}

extension PlannedStep {
  /// The part of a batch of `count` samples that the sample at `index` is in.
  /// - Throws: `planning.invalid-slice` for a world or an accumulation that no step has, or an index beyond the batch.
  /// - Complexity: O(1).
  public static func part(ofIndex index: Int, count: Int, world: Int, accumulation: Int = 1) throws -> StepPart {
    // Refuses what no step has.
    _ = try slice(count: count, rank: 0, world: world, accumulation: accumulation)
    guard (0..<count).contains(index) else {
      throw CohortError(.planningInvalidSlice, "A step of \(count) samples has no place \(index)")
    }
    // Part p begins at floor(count p / parts): the last one that begins at or before the index.
    let (high, low) = UInt64(index + 1).multipliedFullWidth(by: UInt64(world * accumulation))
    let below = low == 0 ? (high: high - 1, low: UInt64.max) : (high: high, low: low - 1)
    let part = Int(UInt64(count).dividingFullWidth(below).quotient)
    let (micro, rank) = part.quotientAndRemainder(dividingBy: world)
    let range = try slice(count: count, rank: rank, world: world, accumulation: accumulation, micro: micro)
    return StepPart(rank: rank, micro: micro, place: index - range.lowerBound)
  }
}
