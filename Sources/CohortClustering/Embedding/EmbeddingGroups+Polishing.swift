internal import CohortCore
internal import CohortKernels

/// What makes the groups of a small store as good as the best of several full runs: everything is compared with everything,
/// because there is little of it. When that is done depends on the position alone.
extension EmbeddingGroups {
  /// While the number of applied records doubles, so many rounds end with passes and exchanges: up to 256 records, and beyond.
  private static let marksADoubling: (tiny: UInt64, other: UInt64) = (16, 8)
  /// Lloyd passes end when one lowers the error by less than this share.
  private static let leastPass = 0.0002
  private static let mostPasses = 12
  /// An exchange is kept when the error is lower by this share after its passes.
  private static let leastExchange = 0.0005
  /// The groups start over when that makes them better by this share; by less, ids would change for nothing.
  private static let leastAdvantage = 1.003
  /// A fresh run may be worse by this share before the exchanges and passes that follow it: in a tiny store, and in others.
  private static let mostDisadvantage = (tiny: 1.05, other: 1.01)
  /// Rounding of sums of Float32 vectors of length 1: no mean squared distance below this says anything.
  private static let leastError = 1e-7
  /// The first comparison with fresh runs, in applied records.
  private static let leastPosition: UInt64 = 32
  /// Rows of all fresh runs of a comparison together, and how many runs there are at most.
  private static let rowsOfRuns = 4_096
  private static let mostRuns = 10
  /// A store of at most so many samples is tiny: there are fresh runs at each mark, and exchanges are tried more boldly.
  private static let tiny: UInt64 = 256
  /// Exchanges are tried and taken back so often in a row before no more are tried: in a tiny store, and in others.
  private static let mostFailures = (tiny: 3, other: 1)
  /// An exchange is tried when its split gains more than this share of what closing the other group costs: passes after it
  /// bring more than the two steps say.
  private static let leastGain = (tiny: 0.6, other: 0.95)
  private static let runsBetween = 3
  /// Multiplications of a pass: with more, only doublings are marks, and there are no fresh runs.
  private static let mostProducts = 1 << 26

  mutating func polish(_ context: inout RoundContext, _ work: Workspace) throws {
    let (start, end) = (context.start, context.outcome.position)
    guard ids.count > 1, end >= 4 else { return }
    let isDoubled = end.leadingZeroBitCount < start.leadingZeroBitCount
    let isCheap = Int(total) * ids.count <= Self.mostProducts / dimension
    guard isDoubled || (isCheap && Self.isMark(from: start, to: end)) else { return }
    work.isUnlimited = true
    defer { work.isUnlimited = false }
    try improve(&context, work)
    if isCheap, end >= Self.leastPosition, isDoubled || total <= Self.tiny {
      try startOver(isDoubled: isDoubled, &context, work)
    }
  }

  /// Whether a sixteenth of a power of two was reached or passed; an eighth where it is a larger one.
  private static func isMark(from start: UInt64, to end: UInt64) -> Bool {
    let marks = end <= tiny ? marksADoubling.tiny : marksADoubling.other
    let step = max((UInt64(1) << UInt64(63 - end.leadingZeroBitCount)) / marks, 1)
    return start / step < end / step
  }

  /// Lloyd passes and exchanges, until neither lowers the error any more.
  private mutating func improve(_ context: inout RoundContext, _ work: Workspace) throws {
    try passes(&context, work)
    let most = total <= Self.tiny ? Self.mostFailures.tiny : Self.mostFailures.other
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

  // MARK: Exchanges

  /// A group to be split, another one to be closed, and where the latter's members go.
  private struct Exchange {
    enum Heir { case group(GroupID), largerHalf, smallerHalf }
    var split: GroupID
    var closed: GroupID
    var heir: Heir
    var cost: Double
    /// What is gained if both steps do what they say.
    var promise: Double
  }

  /// Splits of which the halves are looked at as heirs, the most promising ones.
  private static let mostHalved = 4

  /// Tries the exchange that promises most but for those that were tried before: kept when the error is lower afterwards.
  /// - Returns: nil when no exchange promises anything.
  private mutating func exchange(
    _ number: Int, _ context: inout RoundContext, _ work: Workspace
  ) throws -> Bool? {
    guard ids.count >= 3 else { return nil }
    try renewGains(ids.filter { work.halves[$0] == nil }, &context, work)
    let choices = try exchanges(&context, work)
    guard number < choices.count else { return nil }
    let choice = choices[number]
    let (before, groups, soFar, halves) = (summedError(work.path), self, context, work.halves)
    let moved = try split(choice.split, &context, work)
    guard let larger = moved.first, let smaller = moved.last else { return nil }
    let heir =
      switch choice.heir {
      case .group(let group): group
      case .largerHalf: larger
      case .smallerHalf: smaller
      }
    merge(Merge(heir: heir, closed: choice.closed, cost: choice.cost), &context, work)
    try repair(near: moved, orphans: [choice.closed], &context, work)
    try passes(&context, work)
    guard summedError(work.path) >= before * (1 - Self.leastExchange) else { return true }
    (self, context) = (groups, soFar)
    work.forget()
    work.halves = halves
    return false
  }

  /// Exchanges that may pay, the most promising first.
  private func exchanges(_ context: inout RoundContext, _ work: Workspace) throws -> [Exchange] {
    let splits = ids.indices.compactMap { slot -> (slot: Int, gain: Double, halves: TwoMeans.Halves)? in
      guard let gain = gains[slot]?.value, gain > 0, let halves = work.halves[ids[slot]] else { return nil }
      return (slot, gain, halves)
    }.sorted { ($1.gain, $0.slot) < ($0.gain, $1.slot) }
    guard let best = splits.first?.gain else { return [] }
    let share = total <= Self.tiny ? Self.leastGain.tiny : Self.leastGain.other
    let merges = try cheapestMerges(below: best / share, &context, work)
    var found: [Exchange] = []
    for (rank, (slot, gain, halves)) in splits.enumerated() {
      for merge in merges where merge.heir != ids[slot] && merge.closed != ids[slot] {
        found.append(
          Exchange(
            split: ids[slot], closed: merge.closed, heir: .group(merge.heir), cost: merge.cost,
            promise: gain - share * merge.cost))
      }
      guard rank < Self.mostHalved else { continue }
      let smaller = Double(counts[slot]) * halves.share
      for (half, mean, members) in [
        (Exchange.Heir.largerHalf, halves.larger, Double(counts[slot]) - smaller),
        (.smallerHalf, halves.smaller, smaller),
      ] {
        for other in ids.indices where other != slot {
          let count = Double(counts[other])
          let apart = cohort_squared_distance(work.path, self.mean(of: other), mean, dimension)
          let cost = count * members / (count + members) * apart
          found.append(
            Exchange(
              split: ids[slot], closed: ids[other], heir: half, cost: cost, promise: gain - share * cost))
        }
      }
    }
    return found.filter { $0.promise > best * 1e-6 }.sorted {
      ($1.promise, $0.split, $0.closed) < ($0.promise, $1.split, $1.closed)
    }
  }

  // MARK: Fresh runs

  /// Compares the groups with fresh runs of k-means++ over all samples, and starts over from the best of them if that is
  /// better after exchanges and passes of its own.
  private mutating func startOver(isDoubled: Bool, _ context: inout RoundContext, _ work: Workspace) throws {
    let rows = Int(total)
    guard rows > ids.count else { return }
    let runs = min(isDoubled ? Self.mostRuns : Self.runsBetween, max(Self.rowsOfRuns / max(rows, 1), 1))
    let sample = try ShadowSample(members(context), context.features, work)
    var best: ShadowClustering?
    for run in 0..<runs {
      let shadow = try ShadowClustering(
        of: sample, groups: ids.count, key: Mixing.key(context.outcome.position, total, UInt64(run)),
        total <= Self.tiny ? .thorough : .brief, work)
      context.outcome.statistics.innerProducts += shadow.innerProducts
      if shadow.error < best?.error ?? .infinity { best = shadow }
      sample.forget()
    }
    guard let best else { return }
    let own = summedError(work.path)
    let most = total <= Self.tiny ? Self.mostDisadvantage.tiny : Self.mostDisadvantage.other
    if isDoubled { note(best.error, &context, work) }
    guard own > Double(rows) * Self.leastError, best.error < own * most else { return }
    let (groups, soFar) = (self, context)
    try recluster(from: best, &context, work)
    try improve(&context, work)
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
