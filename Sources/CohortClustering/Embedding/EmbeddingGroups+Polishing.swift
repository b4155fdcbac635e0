internal import CohortCore
internal import CohortKernels

/// What makes the groups of a small store as good as the best of several full runs: everything is compared with everything,
/// because there is little of it.
extension EmbeddingGroups {
  /// Rounds or steps are followed by swaps and passes so often while the number of applied records doubles.
  private static let polishesADoubling: UInt64 = 16
  /// Lloyd passes end when one lowers the error by less than this share.
  private static let leastPass = 0.0002
  private static let mostPasses = 12
  /// A swap is kept when the error is lower by this share after its passes.
  private static let leastSwap = 0.0005
  /// Swaps are tried and taken back so often before no more are tried, in units of 4,096 samples; 24 at most.
  private static let mostFailures = 3
  /// The groups start over when that makes them better by this share; by less, ids would change for nothing.
  private static let leastAdvantage = 1.003
  /// A fresh run may be worse by this share before the swaps and passes that follow it.
  private static let mostDisadvantage = 1.05
  /// Rounding of sums of Float32 vectors of length 1: no mean squared distance below this says anything.
  private static let leastError = 1e-7
  /// The first comparison, in applied records.
  private static let leastPosition: UInt64 = 32
  /// A sample that brings this share of its group's error tells of another kind.
  private static let tellingShare = 0.2
  /// Rows of all fresh runs of a comparison together, and how many runs there are at most.
  private static let rowsOfRuns = 8_192
  private static let mostRuns = 10
  /// Runs between two comparisons, while there are at most so many samples.
  private static let runsBetween = 3
  private static let mostCompared: UInt64 = 512
  /// Products of a fresh run's pass: what costs more is left out.
  private static let mostProducts = 1 << 31

  mutating func polishAndGuard(_ context: inout RoundContext, _ work: Workspace) throws {
    let (start, end) = (context.start, context.outcome.position)
    guard ids.count > 1, end >= 4 else { return }
    let isDoubled = end.leadingZeroBitCount < start.leadingZeroBitCount
    guard isDoubled || (isCheap && Self.isPolish(from: start, to: end)) else { return }
    work.isUnlimited = true
    defer { work.isUnlimited = false }
    try polish(&context, work)
    if end >= Self.leastPosition, isDoubled || total <= Self.mostCompared {
      try startOver(runs: isDoubled ? Self.mostRuns : Self.runsBetween, &context, work)
    }
  }

  /// A sample that lies far from the others of its group may be a reason to split it at once: a gain does not hold any
  /// more when one sample brought a fifth of its group's error.
  mutating func forgetGains(of records: [ChangeRecord], _ context: RoundContext, _ work: Workspace) throws {
    for record in records where record.change == .inserted {
      guard let (group, distance) = try context.overlay.applied(record.sample), let slot = slot(of: group) else {
        continue
      }
      if Double(distance) > Self.tellingShare * measure(slot, work.path).error { gains[slot] = nil }
    }
  }

  /// Whether a sixteenth of a power of two was reached or passed.
  private static func isPolish(from start: UInt64, to end: UInt64) -> Bool {
    let step = max((UInt64(1) << UInt64(63 - end.leadingZeroBitCount)) / polishesADoubling, 1)
    return start / step < end / step
  }

  /// Lloyd passes and swaps, until neither lowers the error any more.
  private mutating func polish(_ context: inout RoundContext, _ work: Workspace) throws {
    try passes(&context, work)
    let most = min(Self.mostFailures * Int(RoundSchedule.small / max(total, 1)), 24)
    var failures = 0
    var left = max(2 * ids.count, 8)
    while failures < most, left > 0 {
      left -= 1
      guard let isBetter = try exchange(failures, &context, work) else { return }
      failures = isBetter ? 0 : failures + 1
    }
  }

  private mutating func passes(_ context: inout RoundContext, _ work: Workspace) throws {
    for _ in 0..<Self.mostPasses {
      let before = summedError(work.path)
      try lloydPass(&context, work)
      guard summedError(work.path) < before * (1 - Self.leastPass) else { return }
    }
  }

  /// Tries the swap that promises most but for those that were tried before: kept when the error is lower afterwards.
  /// - Returns: nil when no swap promises anything.
  private mutating func exchange(
    _ number: Int, _ context: inout RoundContext, _ work: Workspace
  ) throws -> Bool? {
    guard ids.count >= 3 else { return nil }
    try renewGains(ids.filter { work.halves[$0] == nil }, &context, work)
    let best = gains.reduce(0) { max($0, $1?.value ?? 0) }
    guard best > 0 else { return nil }
    let merges = try cheapestMerges(below: 2 * best, &context, work)
    var choices: [(split: GroupID, merge: Merge, promise: Double)] = []
    for (slot, group) in ids.enumerated() {
      guard let gain = gains[slot]?.value, gain > 0, work.halves[group] != nil else { continue }
      for merge in merges where merge.heir != group && merge.closed != group {
        // Passes after it bring more than the two steps say.
        let promise = gain - merge.cost * (total <= Self.mostCompared ? 0.6 : 0.8)
        if promise > 0 { choices.append((group, merge, promise)) }
      }
    }
    choices.sort { ($1.promise, $0.split, $0.merge.closed) < ($0.promise, $1.split, $1.merge.closed) }
    guard number < choices.count else { return nil }
    let choice = choices[number]
    let before = summedError(work.path)
    let (groups, soFar) = (self, context)
    let moved = try split(choice.split, &context, work)
    merge(choice.merge, &context, work)
    try repair(near: moved, orphans: [choice.merge.closed], &context, work)
    try passes(&context, work)
    guard summedError(work.path) >= before * (1 - Self.leastSwap) else { return true }
    (self, context) = (groups, soFar)
    work.forget()
    return false
  }

  /// Compares the groups with fresh runs of k-means++ over all samples, and starts over from the best of them if that is
  /// better after swaps and passes of its own.
  private mutating func startOver(
    runs most: Int, _ context: inout RoundContext, _ work: Workspace
  ) throws {
    let rows = Int(total)
    let runs = min(most, max(Self.rowsOfRuns / max(rows, 1), 1))
    guard rows > ids.count, rows * ids.count <= Self.mostProducts / dimension else { return }
    let sample = try ShadowSample(members(context), context.features, work)
    var best: ShadowClustering?
    for run in 0..<runs {
      let shadow = try ShadowClustering(
        of: sample, groups: ids.count, key: Mixing.key(context.outcome.position, total, UInt64(run)),
        total <= Self.mostCompared ? .thorough : .brief, work)
      context.outcome.statistics.innerProducts += shadow.innerProducts
      if shadow.error < best?.error ?? .infinity { best = shadow }
      sample.forget()
    }
    guard let best else { return }
    let own = summedError(work.path)
    if most > Self.runsBetween { note(best.error, &context, work) }
    guard own > Double(rows) * Self.leastError, best.error < own * Self.mostDisadvantage else { return }
    let (groups, soFar) = (self, context)
    try recluster(from: best, &context, work)
    try polish(&context, work)
    guard summedError(work.path) * Self.leastAdvantage > own else { return note(best.error, &context, work) }
    (self, context) = (groups, soFar)
    work.forget()
  }

  private mutating func note(_ error: Double, _ context: inout RoundContext, _ work: Workspace) {
    let least = Double(total) * Self.leastError
    let own = summedError(work.path)
    let reading = GuardReading(
      position: context.outcome.position, ratio: own <= least ? 0 : min(own / max(error, least), 1e9))
    lastGuard = reading
    context.outcome.statistics.guardRatio = reading.ratio
    context.outcome.events.append(
      GroupEvent(.guarded, position: reading.position, count: total, gain: reading.ratio))
  }

  /// All members of groups, ascending.
  private func members(_ context: RoundContext) throws -> [UInt64] {
    var members: [UInt64] = []
    members.reserveCapacity(Int(total))
    try context.overlay.scan(0..<min(context.frontier, context.overlay.table.sampleCount)) { first, groups, distances in
      for i in 0..<groups.count where groups[i] != UInt32.max && distances[i].sign == .plus {
        members.append(first + UInt64(i))
      }
    }
    return members
  }
}
