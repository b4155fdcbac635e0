public import CohortPlanning

/// Which part of each step a process reads.
public struct StepShare: Hashable, Sendable {
  /// Which of the processes this one is: 0 to `world - 1`.
  public var rank: Int
  /// How many processes share a step; at least 1.
  public var world: Int
  /// Micro-batches a step is divided into on each rank.
  public var accumulation: Int

  public init(rank: Int = 0, world: Int = 1, accumulation: Int = 1) {
    self.rank = rank
    self.world = world
    self.accumulation = accumulation
  }

  /// Refuses shares that no step has.
  /// - Throws: `planning.invalid-slice` for a rank outside the world.
  public func validate() throws {
    _ = try PlannedStep.slice(count: 0, rank: rank, world: world, accumulation: accumulation)
  }

  /// Where its micro-batches are among the positions of a step, one range for each.
  /// - Throws: `planning.invalid-slice`.
  public func parts(of step: PlannedStep) throws -> [Range<Int>] {
    try validate()
    return try (0..<accumulation).map {
      try step.slice(rank: rank, world: world, accumulation: accumulation, micro: $0)
    }
  }
}
