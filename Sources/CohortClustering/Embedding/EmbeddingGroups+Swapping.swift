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
    var left = max(Self.leastSwaps, Int(UInt64(ids.count) * arrived / max(total, 1)))
    var unsettled: Set<GroupID> = []
    while left > 0 {
      let target = targetCount(total)
      let surplus = ids.count - target
      if surplus > target / 4 {
        left -= try shrink(by: min(surplus, left), &context, work)
        continue
      }
      guard ids.count >= 3 else { break }
      try renewGains(ids.filter { isGainStale($0) }, &context, work)
      var swaps = try chooseSwaps(atMost: left, context: &context, work)
      try renewGains(swaps.map(\.split).filter { work.halves[$0] == nil }.sorted(), &context, work)
      swaps.removeAll { (work.halves[$0.split]?.gain ?? 0) <= Self.swapMargin * $0.merge.cost }
      guard !swaps.isEmpty else { break }
      var moved: [GroupID] = []
      for swap in swaps { moved += try split(swap.split, &context, work) }
      for swap in swaps { merge(swap.merge, &context, work) }
      try repair(moved, orphans: swaps.map(\.merge.closed), &context, work)
      unsettled.formUnion(moved + swaps.map(\.merge.heir))
      left -= swaps.count
    }
    try repair(republish(unsettled.sorted(), &context, work), orphans: [], &context, work)
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
    atMost limit: Int, context: inout RoundContext, _ work: Workspace
  ) throws -> [(split: GroupID, merge: Merge)] {
    var order: [(gain: Double, group: GroupID)] = []
    for (slot, group) in ids.enumerated() {
      if let gain = gains[slot]?.value, gain > 0 { order.append((gain, group)) }
    }
    order.sort { a, b in a.gain != b.gain ? a.gain > b.gain : a.group < b.group }
    guard let best = order.first?.gain else { return [] }
    let pairs = try cheapestMerges(below: best / Self.swapMargin, &context, work)
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

  /// The pairs of groups whose merge costs least by Ward's criterion, n_a n_b / (n_a + n_b) |mean_a - mean_b|², among
  /// those below a limit: at most 64, cheapest first, among equals those with the lowest ids.
  ///
  /// Costs are of the means rounded to Float32, in fixed-order Float64; the blocked kernel only leaves out pairs that are
  /// certainly dearer.
  private func cheapestMerges(
    below limit: Double, _ context: inout RoundContext, _ work: Workspace
  ) throws -> [Merge] {
    let columns = ColumnSet(
      dimension: dimension, slots: ids.indices, ids: ids.map(\.rawValue),
      centroids: ids.indices.flatMap { mean(of: $0) })
    context.outcome.statistics.innerProducts += UInt64(ids.count * ids.count)
    let (lanes, path, counts, ids) = (work.lanes, work.path, counts.map { Double($0) }, ids)
    let error = 2 * columns.scoreError + 1e-12
    let grain = 48
    let found = try work.workers.map(
      (ids.count + grain - 1) / grain, isWorthwhile: Workspace.isWorthwhile(ids.count * ids.count * dimension)
    ) { worker, part in
      var pairs: [Merge] = []
      var least = limit
      columns.forEachProductRow((part * grain)..<min((part + 1) * grain, ids.count), path, lanes[worker].scores) {
        a, products in
        for b in (a + 1)..<max(ids.count, a + 1) {
          let weight = counts[a] * counts[b] / (counts[a] + counts[b])
          let halfNorms = Double(columns.halfNorm(a)) + Double(columns.halfNorm(b))
          guard weight * (2 * (halfNorms - Double(products[b])) - 2 * error) <= least else { continue }
          let cost = weight * columns.distance(between: a, and: b, path)
          guard cost < least else { continue }
          let (heir, closed) = counts[a] >= counts[b] ? (ids[a], ids[b]) : (ids[b], ids[a])
          let place = pairs.lastIndex { $0.cost <= cost }.map { $0 + 1 } ?? 0
          pairs.insert(Merge(heir: heir, closed: closed, cost: cost), at: place)
          if pairs.count > Self.mostPairs { pairs.removeLast() }
          if pairs.count == Self.mostPairs, let last = pairs.last { least = last.cost }
        }
      }
      return pairs
    }
    // Stable: among equals, the parts' order is that of the groups.
    let ordered = found.joined().enumerated().sorted {
      $0.element.cost != $1.element.cost ? $0.element.cost < $1.element.cost : $0.offset < $1.offset
    }
    return ordered.prefix(Self.mostPairs).map(\.element)
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
