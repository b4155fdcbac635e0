internal import CohortCore
internal import CohortKernels

/// The guard: each time the number of applied records has doubled, the groups are measured against a k-means++ of a part
/// of the samples, on samples that it has not seen. Nothing proves that splits, merges and repairs find good groups; this
/// notices when they do not.
extension EmbeddingGroups {
  /// Above this ratio there are swaps and Lloyd passes.
  static let guardedRatio = 1.03
  /// Still above this one, the groups start over.
  static let reclusteringRatio = 1.05
  /// The first comparison, in applied records.
  private static let leastPosition: UInt64 = 4_096
  private static let mostRows = 65_536
  /// Rows of the sample for each group, where there are enough.
  private static let rowsPerGroup = 64
  /// The sample is at most this part of all samples: so comparisons cost a part of what the rounds do.
  private static let sampledPart: UInt64 = 10
  private static let mostHeldOut = 2_048
  /// Values of the sample: 128 MiB.
  private static let mostValues = 1 << 25
  private static let mostPasses = 8
  /// Passes end when one lowers the error by less than this share.
  private static let leastProgress = 0.002

  mutating func guardQuality(_ context: inout RoundContext, _ work: Workspace) throws {
    if isSmall(context) { return try polish(&context, work) }
    guard options.isGuarded, !isBalanced, context.outcome.position >= Self.leastPosition,
      context.outcome.position.leadingZeroBitCount < context.start.leadingZeroBitCount, ids.count > 1
    else { return }
    guard var trial = try GuardTrial(of: self, &context, work) else { return }
    try note(trial, &context)
    guard trial.ratio > Self.guardedRatio else { return }
    work.isUnlimited = true
    defer { work.isUnlimited = false }
    try pass(atMost: Self.mostPasses, until: &trial, &context, work)
    if trial.ratio > Self.reclusteringRatio {
      try recluster(from: trial.shadow, &context, work)
      try pass(atMost: Self.mostPasses, until: &trial, &context, work)
    }
    try note(trial, &context)
  }

  /// Swaps and Lloyd passes, until the groups are good enough or nothing is gained any more.
  private mutating func pass(
    atMost limit: Int, until trial: inout GuardTrial, _ context: inout RoundContext, _ work: Workspace
  ) throws {
    for _ in 0..<limit {
      let before = summedError(work.path)
      try swap(atMost: max(Self.leastSwaps, ids.count / Self.refinementSwaps), &context, work)
      try lloydPass(&context, work)
      try trial.measure(context)
      guard trial.ratio > Self.guardedRatio, summedError(work.path) < before * (1 - Self.leastProgress) else { return }
    }
  }

  private mutating func note(_ trial: GuardTrial, _ context: inout RoundContext) throws {
    let position = context.outcome.position
    lastGuard = GuardReading(position: position, ratio: trial.ratio)
    context.outcome.statistics.guardRatio = trial.ratio
    context.outcome.events.append(
      GroupEvent(.guarded, position: position, count: UInt64(trial.heldOut.count), gain: trial.ratio))
  }

  /// How many samples train the shadow and how many are held out.
  static func guardSizes(total: UInt64, groups: Int, dimension: Int) -> (rows: Int, heldOut: Int) {
    let part = Int(min(total / sampledPart, UInt64(mostRows)))
    return (min(part, rowsPerGroup * groups, mostValues / dimension), min(part, mostHeldOut))
  }
}

/// A shadow clustering and the samples to compare with it.
struct GuardTrial {
  let shadow: ShadowClustering
  let heldOut: [UInt64]
  /// Mean squared distance that starting over would come to.
  private let expected: Double
  private(set) var ratio = 0.0

  /// - Returns: nil when there are too few samples to tell.
  init?(of groups: EmbeddingGroups, _ context: inout RoundContext, _ work: Workspace) throws {
    let total = groups.total
    let sizes = EmbeddingGroups.guardSizes(total: total, groups: groups.ids.count, dimension: groups.dimension)
    guard sizes.rows > groups.ids.count, sizes.heldOut > 0 else { return nil }
    let chosen = try Self.choose(sizes, of: total, context)
    guard chosen.rows.count > groups.ids.count, !chosen.heldOut.isEmpty else { return nil }
    let sample = try ShadowSample(chosen.rows, context.features, work)
    let shadow = try ShadowClustering(
      of: sample, groups: groups.ids.count, key: Mixing.key(context.outcome.position, total), .glance, work)
    context.outcome.statistics.innerProducts += shadow.innerProducts
    let share = Double(sample.count) / Double(total)
    let expected = try work.nearest(shadow.columns(), to: chosen.heldOut, &context).reduce(0.0) {
      $0 + shadow.fairDistance(Double($1.distance), to: Int($1.to), share: share)
    }
    self.shadow = shadow
    heldOut = chosen.heldOut
    self.expected = expected / Double(heldOut.count)
    try measure(context)
  }

  /// Compares the groups as they are now; their distances are stored, so nothing is computed.
  mutating func measure(_ context: RoundContext) throws {
    var sum = 0.0
    for sample in heldOut { sum += Double(try context.overlay.applied(SampleID(sample))?.distance ?? 0) }
    let mean = sum / Double(heldOut.count)
    ratio = mean <= EmbeddingGroups.leastDistance ? 0 : min(mean / max(expected, EmbeddingGroups.leastDistance), 1e9)
  }

  /// Members with the least and the greatest hashes of their ids, ascending by id.
  private static func choose(
    _ sizes: (rows: Int, heldOut: Int), of total: UInt64, _ context: RoundContext
  ) throws -> (rows: [UInt64], heldOut: [UInt64]) {
    let least = share(sizes.rows, of: total)
    let greatest = UInt64.max - share(sizes.heldOut, of: total)
    var chosen: (rows: [UInt64], heldOut: [UInt64]) = ([], [])
    try context.overlay.scan(0..<min(context.frontier, context.overlay.table.sampleCount)) { first, groups, distances in
      for i in 0..<groups.count where groups[i] != UInt32.max && distances[i].sign == .plus {
        let hash = Mixing.finalize(first + UInt64(i))
        if hash < least, chosen.rows.count < 2 * sizes.rows {
          chosen.rows.append(first + UInt64(i))
        } else if hash > greatest, chosen.heldOut.count < 2 * sizes.heldOut {
          chosen.heldOut.append(first + UInt64(i))
        }
      }
    }
    return chosen
  }

  /// `part / total` of all hashes.
  private static func share(_ part: Int, of total: UInt64) -> UInt64 {
    UInt64.max / total * UInt64(part)
  }
}
