/// What a plan costs in tokens, measured over the steps of one epoch. Lengths are in the unit of the plan's length
/// measure. A step is taken to be padded to its longest sample.
public struct PlanLengths: Hashable, Sendable {
  /// The epoch that was measured: the first one of the plan's kind.
  public let epoch: UInt64
  /// Steps that were looked at: all of the epoch, or evenly spaced ones.
  public let measuredSteps: UInt64
  /// Whether `measuredSteps` are only some of the epoch's steps.
  public let isSampled: Bool
  /// Tokens of a step without padding.
  public let medianTokens: UInt64
  /// The 95th percentile over the measured steps, by nearest rank.
  public let p95Tokens: UInt64
  /// The most tokens of a measured step, without padding.
  public let greatestTokens: UInt64
  /// The greatest padded size: samples × longest.
  public let greatestPadded: UInt64
  /// Share of padding in all padded tokens.
  public let paddingWaste: Double
  /// The same for the random plan with the same samples and steps.
  public let randomPaddingWaste: Double
}

extension Plan {
  func measure(
    kind: PlanConfiguration.EpochKind, maximumSteps: UInt64, length: (UInt64) throws -> UInt32
  ) throws -> PlanLengths {
    let epoch = firstEpoch(of: kind)
    let count = min(maximumSteps, stepsPerEpoch)
    var mine = PaddingSums()
    var random = PaddingSums()
    for index in 0..<count {
      let step = count.dividingFullWidth(stepsPerEpoch.multipliedFullWidth(by: index)).quotient
      try mine.add(computedStep(kind, epoch: epoch, step: step), length)
      if kind == .grouped { try random.add(computedStep(.random, epoch: epoch, step: step), length) }
    }
    let sorted = mine.tokens.sorted()
    return PlanLengths(
      epoch: epoch, measuredSteps: count, isSampled: count < stepsPerEpoch,
      medianTokens: Self.percentile(50, of: sorted), p95Tokens: Self.percentile(95, of: sorted),
      greatestTokens: sorted.last ?? 0, greatestPadded: mine.greatestPadded, paddingWaste: mine.waste,
      randomPaddingWaste: kind == .grouped ? random.waste : mine.waste)
  }

  private func firstEpoch(of kind: PlanConfiguration.EpochKind) -> UInt64 {
    var epoch: UInt64 = 0
    for phase in configuration.phases {
      if phase.kind == kind { return epoch }
      epoch = epoch &+ phase.epochs
    }
    return 0
  }

  /// Nearest rank: the least value that `percent` of them do not exceed.
  private static func percentile(_ percent: Int, of sorted: [UInt64]) -> UInt64 {
    sorted.isEmpty ? 0 : sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
  }
}

private struct PaddingSums {
  var tokens: [UInt64] = []
  var greatestPadded: UInt64 = 0
  private var real = 0.0
  private var padded = 0.0

  var waste: Double { padded > 0 ? 1 - real / padded : 0 }

  mutating func add(_ step: PlannedStep, _ length: (UInt64) throws -> UInt32) throws {
    var sum: UInt64 = 0
    var longest: UInt64 = 0
    for position in step.positions {
      let value = UInt64(try length(position))
      sum += value
      longest = max(longest, value)
    }
    let area = longest * UInt64(step.positions.count)
    tokens.append(sum)
    greatestPadded = max(greatestPadded, area)
    real += Double(sum)
    padded += Double(area)
  }
}
