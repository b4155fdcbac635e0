internal import CohortCore
internal import CohortKernels

/// Step 4: where a split gains more than the cheapest merge costs, both are done. So groups go where the data went.
extension EmbeddingGroups {
  static let leastSwaps = 8
  /// A split has to gain this much more than the merge costs.
  static let swapMargin = 1.1
  /// A step takes only splits that gain at least this share of the best one: a half of the best group may be the next best.
  static let stepShare = 0.5
  /// Pairs looked at for one step.
  private static let mostPairs = 64

  /// Does the swaps that pay, several at a time, because each step costs a repair. At most 8 in all; more while the store
  /// is small: a round that brings a certain share of the samples may swap the same share of the groups.
  mutating func swap(_ context: inout RoundContext, _ work: Workspace) throws {
    let arrived = context.outcome.position - context.start
    try swap(atMost: max(Self.leastSwaps, Int(UInt64(ids.count) * arrived / max(total, 1))), &context, work)
  }

  mutating func swap(atMost limit: Int, _ context: inout RoundContext, _ work: Workspace) throws {
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
      var swaps = try chooseSwaps(atMost: left, &candidates, &context, work)
      try renewGains(swaps.map(\.split).filter { work.halves[$0] == nil }.sorted(), &context, work)
      swaps.removeAll { (work.halves[$0.split]?.gain ?? 0) <= Self.swapMargin * $0.merge.cost }
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
    atMost limit: Int, _ candidates: inout MergeCandidates?, _ context: inout RoundContext, _ work: Workspace
  ) throws -> [(split: GroupID, merge: Merge)] {
    var order: [(gain: Double, group: GroupID)] = []
    for (slot, group) in ids.enumerated() {
      if let gain = gains[slot]?.value, gain > 0 { order.append((gain, group)) }
    }
    order.sort { a, b in a.gain != b.gain ? a.gain > b.gain : a.group < b.group }
    guard let best = order.first?.gain else { return [] }
    if (candidates?.limit ?? -1) < best / Self.swapMargin {
      let limit = 2 * best / Self.swapMargin
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
      guard let pair, gain > Self.swapMargin * pair.cost else { break }
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

  /// The pairs of groups whose merge costs least by Ward's criterion, n_a n_b / (n_a + n_b) |mean_a - mean_b|², among
  /// those below a limit: at most 64, cheapest first, among equals those with the lowest ids.
  ///
  /// Costs are of the means rounded to Float32, in fixed-order Float64; the blocked kernel only leaves out pairs that are
  /// certainly dearer.
  private func cheapestMerges(
    below limit: Double, _ context: inout RoundContext, _ work: Workspace
  ) throws -> [Merge] {
    let (means, numbers, counts) = (
      ids.indices.flatMap { mean(of: $0) }, ids.map(\.rawValue), counts.map { Double($0) }
    )
    let (dimension, lanes, path) = (dimension, work.lanes, work.path)
    let most = work.bounds.map { Double($0.intake) } ?? .infinity
    var found: [[Pair]] = []
    if let tree = everyone(work).tree {
      let slots = everyone(work).slots
      found = try work.workers.map(tree.branches.count, isWorthwhile: true) { worker, branch in
        let own = tree.branches[branch].slots.filter { $0 >= 0 }.count
        let near = tree.neighbours(of: branch, path).flatMap { tree.branches[$0].slots.filter { $0 >= 0 } }
        let columns = ColumnSet(dimension: dimension, slots: near.map { slots[$0] }, ids: numbers, centroids: means)
        lanes[worker].statistics.innerProducts += UInt64(own * near.count)
        return Self.cheapestPairs(
          of: 0..<own, in: columns, counts, below: limit, atMost: most, path, lanes[worker].scores)
      }
    } else {
      let columns = ColumnSet(dimension: dimension, slots: ids.indices, ids: numbers, centroids: means)
      let grain = 48
      for start in stride(from: 0, to: columns.count, by: grain) {
        context.outcome.statistics.innerProducts += UInt64(min(grain, columns.count - start) * (columns.count - start))
      }
      found = try work.workers.map(
        (columns.count + grain - 1) / grain, isWorthwhile: Workspace.isWorthwhile(columns.count * means.count)
      ) { worker, part in
        let some = (part * grain)..<min((part + 1) * grain, columns.count)
        return Self.cheapestPairs(of: some, in: columns, counts, below: limit, atMost: most, path, lanes[worker].scores)
      }
    }
    let ordered = found.joined().sorted { ($0.cost, $0.first, $0.second) < ($1.cost, $1.first, $1.second) }
    var pairs: [Pair] = []
    // A pair may have been found from both sides.
    for pair in ordered where pairs.last?.first != pair.first || pairs.last?.second != pair.second {
      pairs.append(pair)
      if pairs.count == Self.mostPairs { break }
    }
    return pairs.map {
      let (heir, closed) = counts[$0.first] >= counts[$0.second] ? ($0.first, $0.second) : ($0.second, $0.first)
      return Merge(heir: ids[heir], closed: ids[closed], cost: $0.cost)
    }
  }

  /// Two slots, the first below the second, and what merging them costs.
  private struct Pair {
    var first: Int
    var second: Int
    var cost: Double
  }

  /// The cheapest pairs of some columns with all columns of a set, each pair of the set's slots once.
  private static func cheapestPairs(
    of some: Range<Int>, in columns: ColumnSet, _ counts: [Double], below limit: Double,
    atMost most: Double, _ path: cohort_path, _ scores: ScoreBuffer
  ) -> [Pair] {
    let error = 2 * columns.scoreError + 1e-12
    var pairs: [Pair] = []
    var least = limit
    let halfNorms = (0..<columns.count).map { Double(columns.halfNorm($0)) }
    columns.forEachProductRow(some, path, scores) { a, first, products in
      let slot = columns.slots[a]
      for b in first..<columns.count where columns.slots[b] > slot || (b >= some.upperBound && columns.slots[b] != slot) {
        let other = columns.slots[b]
        guard counts[slot] + counts[other] <= most else { continue }
        let weight = counts[slot] * counts[other] / (counts[slot] + counts[other])
        guard weight * (2 * (halfNorms[a] + halfNorms[b] - Double(products[b - first])) - 2 * error) <= least else { continue }
        let cost = weight * columns.distance(between: a, and: b, path)
        let pair = Pair(first: min(slot, other), second: max(slot, other), cost: cost)
        guard cost < least else { continue }
        let place = pairs.lastIndex { ($0.cost, $0.first, $0.second) <= (cost, pair.first, pair.second) }
        pairs.insert(pair, at: place.map { $0 + 1 } ?? 0)
        if pairs.count > mostPairs { pairs.removeLast() }
        if pairs.count == mostPairs, let last = pairs.last { least = last.cost }
      }
    }
    return pairs
  }

  /// Closes the smaller group; its members are orphans until the next repair.
  private mutating func merge(_ pair: Merge, _ context: inout RoundContext, _ work: Workspace) {
    guard let slot = slot(of: pair.closed) else { return }
    context.outcome.statistics.merges += 1
    context.outcome.events.append(
      GroupEvent(
        .merged, position: context.outcome.position, parent: pair.heir, child: pair.closed, count: counts[slot],
        gain: -pair.cost))
    close(slot, heir: pair.heir, &context, work)
  }
}
