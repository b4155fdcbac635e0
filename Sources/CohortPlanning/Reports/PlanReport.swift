public import CohortCore

/// What an epoch of a plan gives, known before any training. Each count is exact and the same for every epoch; that of
/// mixed samples is for epochs of kind `kind`.
public struct PlanReport: Hashable, Sendable {
  /// Hash of the plan that the counts are of.
  public let planHash: Digest128
  /// The store that the plan was made for.
  public let storeID: Digest128
  /// The name that the snapshot had when the plan was made.
  public let snapshot: String
  /// The settings that gave these counts.
  public let configuration: PlanConfiguration
  /// `random` when every epoch is; else `grouped`.
  public let kind: PlanConfiguration.EpochKind

  /// Groups of the snapshot that have members.
  public let groups: UInt64
  /// Samples of the snapshot, with and without a group.
  public let rows: UInt64
  /// Steps of every epoch.
  public let steps: UInt64
  /// Samples given, repeats included.
  public let samples: UInt64
  /// Rows given at least once.
  public let unique: UInt64
  /// Samples beyond the first of their row: `samples - unique`.
  public let repeated: UInt64
  /// Rows not given: `rows - unique`.
  public let dropped: UInt64
  /// Samples in steps that may hold several groups, and those steps.
  public let mixed: UInt64
  /// How many steps these are.
  public let mixedSteps: UInt64
  /// Steps with fewer samples than their group's batch size; in `random` epochs, than the largest step.
  public let shortSteps: UInt64
  /// Samples in the smallest step of an epoch.
  public let smallestStep: UInt64
  /// Samples in the largest step of an epoch.
  public let largestStep: UInt64
  /// Groups with members of which none is given.
  public let droppedGroups: UInt64
  /// Groups joined with another before batching, and their rows.
  public let foldedGroups: UInt64
  /// The samples of these groups together.
  public let foldedRows: UInt64
  /// Groups (with those folded into them) that have fewer members than a batch.
  public let smallGroups: UInt64
  /// Groups whose longest sample alone exceeds the token budget.
  public let overBudgetGroups: UInt64
  /// Rows that have no group (`GroupID.unassigned`), for example because they have no vector. Their steps are drawn from
  /// them alone, but they have nothing in common.
  public let ungrouped: UInt64
  /// Share of the samples in steps of one group: 1 but for `pool`, `random` and rows without a group. A group with others
  /// folded into it counts as one.
  public let purity: Double
  /// What folding leaves of it.
  public let folding: PlanFolding
  /// What lengths tell, when they were given.
  public let lengths: PlanLengths?
  /// What steps give to ranks and micro-batches.
  public let parts: PlanParts
  /// The length measure that these lengths, the token budget and the order by length are in; nil for the store's own.
  public let measure: String?
}

/// How the steps of an epoch are cut for ranks and micro-batches: a rank without a sample waits for the others, for ever
/// where the framework waits for its gradients.
public struct PlanParts: Hashable, Sendable {
  /// Ranks that share a step.
  public let world: Int
  /// Micro-batches of each rank.
  public let accumulation: Int
  /// Parts of an epoch's steps that hold no sample. None as long as `world * accumulation` is not above `smallestStep`.
  public let empty: UInt64
  /// How many steps have such a part.
  public let steps: UInt64

  /// A step as a whole: nothing is cut.
  public static let whole = PlanParts(world: 1, accumulation: 1, empty: 0, steps: 0)
}

extension Plan {
  /// Counts what every epoch gives. Complexity: O(groups).
  public func report() -> PlanReport { report(lengths: nil, measure: nil, parts: .whole) }

  /// Counts the parts of an epoch's steps that hold no sample, for epochs of the report's kind. Complexity: O(groups).
  /// - Throws: `planning.invalid-slice` for a world or an accumulation that no step has.
  public func parts(world: Int, accumulation: Int) throws -> PlanParts {
    _ = try PlannedStep.slice(count: 0, rank: 0, world: world, accumulation: accumulation)
    let counts = self.counts(cutInto: UInt64(world) * UInt64(accumulation))
    return PlanParts(world: world, accumulation: accumulation, empty: counts.emptyParts, steps: counts.emptySteps)
  }

  /// Counts what every epoch gives, and measures its first grouped epoch (the first of all in a `random` plan) against a
  /// random plan of the same samples.
  ///
  /// - Parameters:
  ///   - maximumSteps: With more steps in the epoch, this many evenly spaced ones are measured, always the same ones;
  ///     the report says so.
  ///   - measure: The name of the length measure that `length` and the plan's budget are in; nil for the store's own.
  ///   - unit: What that measure counts.
  ///   - parts: The ranks and micro-batches to count empty parts for, as `parts(world:accumulation:)` gives them.
  ///   - length: The length of the sample at a position.
  /// - Complexity: O(groups + measured steps · batch size · log groups).
  /// - Throws: what `length` throws.
  public func report(
    maximumSteps: UInt64 = 4096, measure name: String? = nil, unit: LengthUnit? = nil, parts: PlanParts = .whole,
    length: (_ position: UInt64) throws -> UInt32
  ) throws -> PlanReport {
    report(
      lengths: try measure(kind: overallKind, maximumSteps: max(1, maximumSteps), unit: unit, length: length),
      measure: name, parts: parts)
  }

  /// `random` only when every epoch is.
  var overallKind: PlanConfiguration.EpochKind {
    !configuration.phases.isEmpty && configuration.phases.allSatisfy { $0.kind == .random } ? .random : .grouped
  }

  private func report(lengths: PlanLengths?, measure: String?, parts: PlanParts) -> PlanReport {
    let units = layout.units
    let unique = units.reduce(0) { $0 + min($1.count, $1.given) }
    let counts = self.counts(cutInto: 1)
    let folded = resolution.leads.indices.filter { resolution.leads[$0] != $0 }
    let silent = Set(units.filter { $0.given == 0 }.map(\.lead))
    let droppedGroups = groups.indices.count {
      groups[$0].size > 0 && silent.contains(groups[resolution.leads[$0]].id)
    }
    return PlanReport(
      planHash: hash, storeID: storeID, snapshot: snapshotName, configuration: configuration, kind: overallKind,
      groups: UInt64(groups.count { $0.size > 0 }), rows: rows, steps: stepsPerEpoch, samples: samplesPerEpoch,
      unique: unique, repeated: samplesPerEpoch - unique, dropped: rows - unique, mixed: counts.mixed,
      mixedSteps: counts.mixedSteps, shortSteps: counts.short, smallestStep: counts.smallest,
      largestStep: counts.largest, droppedGroups: UInt64(droppedGroups), foldedGroups: UInt64(folded.count),
      foldedRows: folded.reduce(0) { $0 + groups[$1].size },
      smallGroups: UInt64(units.count { $0.count < $0.batchSize }),
      overBudgetGroups: UInt64(units.count { configuration.isOverBudget($0.longest) }),
      ungrouped: groups.last { $0.id == .unassigned }?.size ?? 0,
      purity: 1 - Double(counts.mixed + counts.ungrouped) / Double(samplesPerEpoch), folding: folding(),
      lengths: lengths,
      parts: parts, measure: measure)
  }

  private func counts(cutInto parts: UInt64) -> StepCounts {
    overallKind == .random ? randomCounts(StepCounts(cut: parts)) : groupedCounts(StepCounts(cut: parts))
  }

  private struct StepCounts {
    /// Parts that each step is cut into.
    let cut: UInt64
    var emptyParts: UInt64 = 0
    var emptySteps: UInt64 = 0
    var mixed: UInt64 = 0
    var mixedSteps: UInt64 = 0
    /// Samples in steps that are not mixed, but of rows without a group.
    var ungrouped: UInt64 = 0
    var short: UInt64 = 0
    var smallest = UInt64.max
    var largest: UInt64 = 0

    init(cut: UInt64) { self.cut = cut }

    /// Counts `steps` steps of `size` samples.
    mutating func add(size: UInt64, steps: UInt64, full: UInt64, isMixed: Bool) {
      guard steps > 0 else { return }
      smallest = min(smallest, size)
      largest = max(largest, size)
      if size < full { short += steps }
      if size < cut {
        // Even parts: a step of n samples fills n of them.
        let (empty, isTooMany) = steps.multipliedReportingOverflow(by: cut - size)
        emptyParts = isTooMany || empty > .max - emptyParts ? .max : emptyParts + empty
        emptySteps += steps
      }
      guard isMixed else { return }
      mixed += size * steps
      mixedSteps += steps
    }
  }

  private func groupedCounts(_ none: StepCounts) -> StepCounts {
    var counts = none
    for unit in layout.units where unit.batches > 0 {
      let full = unit.batched / unit.batchSize
      counts.add(size: unit.batchSize, steps: full, full: unit.batchSize, isMixed: false)
      counts.add(
        size: unit.batched % unit.batchSize, steps: unit.batches - full, full: unit.batchSize, isMixed: false)
      if unit.lead == .unassigned { counts.ungrouped += unit.batched }
    }
    for pooled in 0..<(layout.poolBounds.count - 1) {
      let parts = layout.poolParts(pooled)
      let full = parts.map { layout.units[$0.unit].batchSize }.min() ?? 0
      counts.add(
        size: layout.poolBounds[pooled + 1] - layout.poolBounds[pooled], steps: 1, full: full, isMixed: parts.count > 1)
    }
    return counts
  }

  /// Even steps: some of one size, the others one larger.
  private func randomCounts(_ none: StepCounts) -> StepCounts {
    var counts = none
    let (size, larger) = samplesPerEpoch.quotientAndRemainder(dividingBy: stepsPerEpoch)
    let isMixed = layout.onlyGroup == nil
    counts.add(size: size, steps: stepsPerEpoch - larger, full: larger > 0 ? size + 1 : size, isMixed: isMixed)
    counts.add(size: size + 1, steps: larger, full: size + 1, isMixed: isMixed)
    return counts
  }
}
