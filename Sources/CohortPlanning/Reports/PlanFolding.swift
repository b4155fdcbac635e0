internal import CohortCore

/// What folding does to the batches of a plan. In `PlanReport.purity` a group with others folded into it counts as one group;
/// here each group counts as itself, so that 55 groups in one batch are not called pure.
public struct PlanFolding: Hashable, Sendable {
  /// Groups that batches are made from: a group, or a group with those folded into it.
  public let batchGroups: UInt64
  /// Of the samples that an epoch gives, those in steps that are drawn from several groups because of folding.
  public let samples: UInt64
  /// How many steps these are.
  public let steps: UInt64
  /// The share of the samples that are from the commonest group of their step, on average: 1 when each step is of one group.
  /// Mixed samples and those without a group count as 0, as in `PlanReport.purity`, so this is never above it.
  ///
  /// For a group with others folded into it this is the share of the largest of them in their members. Which members meet
  /// in a step is drawn, so a single step may have more or less of it.
  public let groupPurity: Double
  /// Groups that have fewer members than a batch before folding; rows without a group do not count as one.
  public let groupsBelowBatch: UInt64
}

extension Plan {
  /// Complexity: O(groups).
  func folding() -> PlanFolding {
    let units = layout.units
    var (samples, steps): (UInt64, UInt64) = (0, 0)
    var pure = 0.0
    /// Adds steps that hold `given` samples of one unit alone.
    func add(_ unit: Unit, given: UInt64, steps count: UInt64) {
      guard given > 0 else { return }
      if unit.segments.count > 1 {
        samples += given
        steps += count
      }
      if unit.lead != .unassigned { pure += Double(given) * shareOfLargest(unit) }
    }
    if overallKind == .random {
      if let only = units.first(where: { $0.given > 0 }), layout.onlyGroup != nil {
        add(only, given: samplesPerEpoch, steps: stepsPerEpoch)
      }
    } else {
      for unit in units { add(unit, given: unit.batches > 0 ? unit.batched : 0, steps: unit.batches) }
      for pooled in 0..<(layout.poolBounds.count - 1) {
        let parts = layout.poolParts(pooled)
        guard parts.count == 1 else { continue }
        add(units[parts[0].unit], given: UInt64(parts[0].items.count), steps: 1)
      }
    }
    let small = groups.count {
      $0.size > 0 && $0.id != .unassigned && $0.size < configuration.batchSize(longest: $0.longest)
    }
    return PlanFolding(
      batchGroups: UInt64(units.count), samples: samples, steps: steps, groupPurity: pure / Double(samplesPerEpoch),
      groupsBelowBatch: UInt64(small))
  }

  /// The members of a unit's largest group, as a share of all.
  private func shareOfLargest(_ unit: Unit) -> Double {
    let starts = layout.segments[unit.segments].map(\.member) + [unit.count]
    let largest = zip(starts, starts.dropFirst()).map { $1 - $0 }.max() ?? 0
    return unit.count == 0 ? 0 : Double(largest) / Double(unit.count)
  }
}
