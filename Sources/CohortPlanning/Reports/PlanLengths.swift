public import CohortCore

/// How long the steps of one epoch are. Lengths are in the unit of the plan's length measure: tokens only where that counts
/// tokens. A step is taken to be padded to its longest sample.
public struct PlanLengths: Hashable, Sendable {
  /// What the lengths count; nil when the caller did not say.
  public let unit: LengthUnit?
  /// The epoch that was measured: the first one of the plan's kind.
  public let epoch: UInt64
  /// Steps that were looked at: all of the epoch, or evenly spaced ones.
  public let measuredSteps: UInt64
  /// Whether `measuredSteps` are only some of the epoch's steps.
  public let isSampled: Bool
  /// The length of a step without padding: its samples' lengths together.
  public let median: UInt64
  /// The 95th percentile over the measured steps, by nearest rank.
  public let p95: UInt64
  /// The length of the longest measured step, without padding.
  public let greatest: UInt64
  /// The greatest padded size: samples × longest.
  public let greatestPadded: UInt64
  /// Share of padding in all that is padded.
  public let paddingWaste: Double
  /// The same for the random plan with the same samples and steps.
  public let randomPaddingWaste: Double
  /// How alike steps are that follow one another: the correlation (Pearson's, -1 to 1) of their mean sample lengths. Near 0
  /// where lengths come in no order, near 1 where they rise or fall step by step. Nil where all steps have the same mean
  /// length, and with fewer than two pairs.
  public let neighbourCorrelation: Double?
}

extension Plan {
  func measure(
    kind: PlanConfiguration.EpochKind, maximumSteps: UInt64, unit: LengthUnit?, length: (UInt64) throws -> UInt32
  ) throws -> PlanLengths {
    let epoch = firstEpoch(of: kind)
    let count = min(maximumSteps, stepsPerEpoch)
    var mine = PaddingSums()
    var random = PaddingSums()
    var neighbours = NeighbourSums()
    for index in 0..<count {
      let step = count.dividingFullWidth(stepsPerEpoch.multipliedFullWidth(by: index)).quotient
      let mean = try mine.add(computedStep(kind, epoch: epoch, step: step), length)
      if count == stepsPerEpoch {
        neighbours.add(mean)
      } else if step + 1 < stepsPerEpoch {
        // Measured steps lie apart: each is compared with the one behind it.
        var next = PaddingSums()
        neighbours.add(mean, try next.add(computedStep(kind, epoch: epoch, step: step + 1), length))
      }
      if kind == .grouped { _ = try random.add(computedStep(.random, epoch: epoch, step: step), length) }
    }
    let sorted = mine.lengths.sorted()
    return PlanLengths(
      unit: unit, epoch: epoch, measuredSteps: count, isSampled: count < stepsPerEpoch,
      median: Self.percentile(50, of: sorted), p95: Self.percentile(95, of: sorted), greatest: sorted.last ?? 0,
      greatestPadded: mine.greatestPadded, paddingWaste: mine.waste,
      randomPaddingWaste: kind == .grouped ? random.waste : mine.waste,
      neighbourCorrelation: neighbours.correlation)
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
  var lengths: [UInt64] = []
  var greatestPadded: UInt64 = 0
  private var real = 0.0
  private var padded = 0.0

  var waste: Double { padded > 0 ? 1 - real / padded : 0 }

  /// - Returns: the mean length of the step's samples.
  mutating func add(_ step: PlannedStep, _ length: (UInt64) throws -> UInt32) throws -> Double {
    var sum: UInt64 = 0
    var longest: UInt64 = 0
    for position in step.positions {
      let value = UInt64(try length(position))
      sum += value
      longest = max(longest, value)
    }
    let area = longest * UInt64(step.positions.count)
    lengths.append(sum)
    greatestPadded = max(greatestPadded, area)
    real += Double(sum)
    padded += Double(area)
    return Double(sum) / Double(max(step.positions.count, 1))
  }
}

/// Pairs of neighbouring steps, by the mean lengths of their samples. The sums are of differences from the first value, so
/// that lengths far from 0 lose no digits.
private struct NeighbourSums {
  private var origin: Double?
  private var last: Double?
  private var pairs = 0.0
  private var (x, y, xx, yy, xy) = (0.0, 0.0, 0.0, 0.0, 0.0)

  /// The next step of the epoch.
  mutating func add(_ mean: Double) {
    if let last { add(last, mean) }
    last = mean
  }

  mutating func add(_ first: Double, _ second: Double) {
    let base = origin ?? first
    origin = base
    let (a, b) = (first - base, second - base)
    pairs += 1
    x += a
    y += b
    xx += a * a
    yy += b * b
    xy += a * b
  }

  var correlation: Double? {
    guard pairs >= 2 else { return nil }
    let spread = (xx - x * x / pairs) * (yy - y * y / pairs)
    guard spread > 0 else { return nil }
    return max(-1, min(1, (xy - x * y / pairs) / spread.squareRoot()))
  }
}
