internal import CohortCore
internal import CohortKernels

/// Step 4: where a split gains more than the cheapest merge costs, both are done. So groups go where the data went.
extension EmbeddingGroups {
  static let leastSwaps = 8
  /// A split has to gain this much more than the merge costs.
  static let swapMargin = 1.1
  /// In a small store, where gains and costs are looked at anew all the time.
  static let smallSwapMargin = 1.02
  /// A step takes only splits that gain at least this share of the best one: a half of the best group may be the next best.
  static let stepShare = 0.5

  /// Does the swaps that pay, several at a time, because each step costs a repair. At most 8 in all; more while the store
  /// is small: a round that brings a certain share of the samples may swap the same share of the groups.
  mutating func swap(_ context: inout RoundContext, _ work: Workspace) throws {
    let arrived = context.outcome.position - context.start
    try swap(atMost: max(Self.leastSwaps, Int(UInt64(ids.count) * arrived / max(total, 1))), &context, work)
  }

  mutating func swap(atMost limit: Int, _ context: inout RoundContext, _ work: Workspace) throws {
    let margin = isSmall(context) ? Self.smallSwapMargin : Self.swapMargin
    var left = limit
    var unsettled: Set<GroupID> = []
    var candidates: MergeCandidates?
    while left > 0 {
      let target = targetCount(total)
      let surplus = ids.count - target
      if surplus > target / 4 {
        left -= try shrink(by: min(surplus, left), &context, work)
        continue
      }
      guard ids.count >= 3 else { break }
      try renewGains(ids.filter { isGainStale($0) }, &context, work)
      var swaps = try chooseSwaps(atMost: left, margin, &candidates, &context, work)
      try renewGains(swaps.map(\.split).filter { work.halves[$0] == nil }.sorted(), &context, work)
      swaps.removeAll { (work.halves[$0.split]?.gain ?? 0) <= margin * $0.merge.cost }
      guard !swaps.isEmpty else { break }
      var moved: [GroupID] = []
      for swap in swaps { moved += try split(swap.split, &context, work) }
      for swap in swaps { merge(swap.merge, &context, work) }
      try repair(near: moved, orphans: swaps.map(\.merge.closed), &context, work)
      unsettled.formUnion(moved + swaps.map(\.merge.heir))
      candidates = candidates.flatMap { renewed($0, without: moved, work.path) }
      left -= swaps.count
    }
    republish(unsettled.sorted(), &context, work)
    try repair(&context, work)
  }

  /// Merges the cheapest pairs when deletions left too many groups.
  private mutating func shrink(
    by wanted: Int, _ context: inout RoundContext, _ work: Workspace
  ) throws -> Int {
    var used: Set<GroupID> = []
    var merges: [Merge] = []
    for pair in try cheapestMerges(below: .infinity, &context, work) where merges.count < wanted {
      guard !used.contains(pair.heir), !used.contains(pair.closed) else { continue }
      used.formUnion([pair.heir, pair.closed])
      merges.append(pair)
    }
    for pair in merges { merge(pair, &context, work) }
    try settle([], orphans: merges.map(\.closed), heirs: merges.map(\.heir), &context, work)
    return max(merges.count, 1)
  }

  /// Pairs the best splits with the cheapest merges; no group takes part twice.
  private func chooseSwaps(
    atMost limit: Int, _ margin: Double, _ candidates: inout MergeCandidates?, _ context: inout RoundContext,
    _ work: Workspace
  ) throws -> [(split: GroupID, merge: Merge)] {
    var order: [(gain: Double, group: GroupID)] = []
    for (slot, group) in ids.enumerated() {
      let gain = promisedGain(slot, context)
      if gain > 0 { order.append((gain, group)) }
    }
    order.sort { a, b in a.gain != b.gain ? a.gain > b.gain : a.group < b.group }
    guard let best = order.first?.gain else { return [] }
    if (candidates?.limit ?? -1) < best / margin {
      let limit = 2 * best / margin
      candidates = MergeCandidates(limit: limit, pairs: try cheapestMerges(below: limit, &context, work))
    }
    let pairs = candidates?.pairs ?? []
    var used: Set<GroupID> = []
    var swaps: [(split: GroupID, merge: Merge)] = []
    for (gain, group) in order where swaps.count < limit {
      guard gain >= best * Self.stepShare else { break }
      guard !used.contains(group) else { continue }
      let pair = pairs.first {
        $0.heir != group && $0.closed != group && !used.contains($0.heir) && !used.contains($0.closed)
      }
      guard let pair, gain > margin * pair.cost else { break }
      used.formUnion([group, pair.heir, pair.closed])
      swaps.append((group, pair))
    }
    return swaps
  }

  /// Two groups, the second of which is closed, and what that costs.
  struct Merge {
    var heir: GroupID
    var closed: GroupID
    var cost: Double
  }

  /// The cheapest merges, looked for once and used by several steps: each changes few of them.
  private struct MergeCandidates {
    /// What a merge had to cost less than to be looked at.
    var limit: Double
    /// Of those the cheapest as they were found; groups that were made or grew since are not among them.
    var pairs: [Merge]
  }

  /// What is left of the cheapest merges after a step, with their costs as they are now; nil when they have to be looked
  /// for again. Groups that a step made are candidates only after such a search.
  private func renewed(
    _ candidates: MergeCandidates, without moved: [GroupID], _ path: cohort_path
  ) -> MergeCandidates? {
    let moved = Set(moved)
    let pairs = candidates.pairs.compactMap { pair -> Merge? in
      guard let a = slot(of: pair.heir), let b = slot(of: pair.closed), !moved.contains(pair.heir),
        !moved.contains(pair.closed)
      else { return nil }
      let (larger, smaller) = counts[a] >= counts[b] ? (a, b) : (b, a)
      let weight = Double(counts[a]) * Double(counts[b]) / Double(counts[a] + counts[b])
      let apart = cohort_squared_distance(path, mean(of: a), mean(of: b), dimension)
      return Merge(heir: ids[larger], closed: ids[smaller], cost: weight * apart)
    }
    guard !pairs.isEmpty else { return nil }
    return MergeCandidates(
      limit: candidates.limit,
      pairs: pairs.sorted { ($0.cost, $0.heir, $0.closed) < ($1.cost, $1.heir, $1.closed) })
  }

  /// Closes the smaller group; its members are orphans until the next repair.
  mutating func merge(_ pair: Merge, _ context: inout RoundContext, _ work: Workspace) {
    guard let slot = slot(of: pair.closed) else { return }
    forgetGain(of: pair, context, work)
    context.outcome.statistics.merges += 1
    context.outcome.events.append(
      GroupEvent(
        .merged, position: context.outcome.position, parent: pair.heir, child: pair.closed, count: counts[slot],
        gain: -pair.cost))
    close(slot, heir: pair.heir, &context, work)
  }
}
