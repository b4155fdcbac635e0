internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// Step 3: more groups while the store grows, where a split pays most.
extension EmbeddingGroups {
  /// Divisions of one round: each may raise the number of groups by half.
  private static let growthSteps = 16

  mutating func grow(_ context: inout RoundContext, _ work: Workspace) throws {
    for _ in 0..<Self.growthSteps {
      let wanted = targetCount(total) - ids.count
      guard wanted > 0, !ids.isEmpty else { return }
      try renewGains(ids.filter { isGainStale($0) }, &context, work)
      let order = ids.indices.filter { (gains[$0]?.value ?? 0) > 0 }.sorted {
        let (a, b) = (promisedGain($0, context), promisedGain($1, context))
        return a != b ? a > b : $0 < $1
      }
      let chosen = order.prefix(min(wanted, max(1, ids.count / 2))).map { ids[$0] }
      guard !chosen.isEmpty else { return }
      try renewGains(chosen.filter { work.halves[$0] == nil }.sorted(), &context, work)
      var moved: [GroupID] = []
      for group in chosen { moved += try split(group, &context, work) }
      try settle(moved, &context, work)
    }
  }

  /// Repairs nearby, then publishes what the repair moved too far, and repairs once more.
  /// - Parameter heirs: groups that took in the members of closed ones; their centroids have not moved.
  mutating func settle(
    _ moved: [GroupID], orphans: [GroupID] = [], heirs: [GroupID] = [], _ context: inout RoundContext, _ work: Workspace
  ) throws {
    try repair(near: moved, orphans: orphans, &context, work)
    try repair(near: republish((moved + heirs).sorted(), &context, work), &context, work)
  }

  /// Publishes the halves of a group: the larger one keeps the id.
  /// - Returns: the two groups; nothing when the group cannot be divided.
  mutating func split(
    _ group: GroupID, _ context: inout RoundContext, _ work: Workspace
  ) throws -> [GroupID] {
    guard let slot = slot(of: group), let halves = work.halves.removeValue(forKey: group) else { return [] }
    publish(halves.larger, at: slot, work)
    gains[slot] = nil
    context.touch(group)
    let child = try open(halves.smaller, parent: group, &context, work)
    context.outcome.statistics.splits += 1
    context.outcome.events.append(
      GroupEvent(
        .split, position: context.outcome.position, parent: group, child: child, count: counts[slot],
        gain: halves.gain))
    return [group, child]
  }

  /// A gain holds until a fifth of the group has changed.
  func isGainStale(_ group: GroupID) -> Bool {
    guard let slot = slot(of: group) else { return false }
    guard let gain = gains[slot] else { return true }
    let change = counts[slot] > gain.count ? counts[slot] - gain.count : gain.count - counts[slot]
    return 5 * change > gain.count
  }

  /// Runs 2-means on groups (ascending) and remembers gains and halves.
  mutating func renewGains(_ groups: [GroupID], _ context: inout RoundContext, _ work: Workspace) throws {
    for start in stride(from: 0, to: groups.count, by: 256) {
      let some = Array(groups[start..<min(start + 256, groups.count)])
      try renewGains(some, from: try members(of: some, context), &context, work)
    }
  }

  /// - Parameter samples: of each group the members that 2-means looks at.
  mutating func renewGains(
    _ groups: [GroupID], from samples: [[UInt64]], _ context: inout RoundContext, _ work: Workspace
  ) throws {
    let sizes = groups.map { slot(of: $0).map { counts[$0] } ?? 0 }
    let (lanes, features, path) = (work.lanes, context.features, work.path)
    let products = samples.reduce(0) { $0 + $1.count } * 14
    let halves = try work.workers.map(
      groups.count, isWorthwhile: Workers.isWorthwhile(products * dimension)
    ) { worker, i in
      try lanes[worker].members.loadMembers(samples[i], features, path)
      return TwoMeans.divide(lanes[worker].members, memberCount: sizes[i], path)
    }
    context.outcome.statistics.innerProducts += UInt64(products)
    for (i, group) in groups.enumerated() {
      guard let slot = slot(of: group) else { continue }
      let isWorth = halves[i].map { work.bounds?.admits($0, of: counts[slot]) ?? true } ?? false
      gains[slot] = (isWorth ? halves[i]?.gain ?? 0 : 0, counts[slot])
      work.halves[group] = halves[i]
      context.touch(group)
    }
  }

  /// At most 1,024 members of each group, ascending and evenly spaced. One scan for all groups.
  private func members(of groups: [GroupID], _ context: RoundContext) throws -> [[UInt64]] {
    let most = UInt64(TwoMeans.mostMembers)
    let sizes = groups.map { slot(of: $0).map { counts[$0] } ?? 0 }
    var seen = [UInt64](repeating: 0, count: groups.count)
    var next = seen
    var result = [[UInt64]](repeating: [], count: groups.count)
    try forEachMember(of: groups, context) { i, sample in
      if seen[i] == next[i] {
        result[i].append(sample)
        let taken = UInt64(result[i].count)
        next[i] = sizes[i] <= most ? taken : taken < most ? taken * sizes[i] / most : .max
      }
      seen[i] += 1
    }
    return result
  }

  /// Calls `body` with each applied member of the groups, ascending, and the index of its group. One scan for all groups.
  func forEachMember(of groups: [GroupID], _ context: RoundContext, _ body: (Int, UInt64) -> Void) throws {
    var index = [Int32](repeating: -1, count: Int(context.nextGroup))
    for (i, group) in groups.enumerated() { index[Int(group.rawValue)] = Int32(i) }
    try context.overlay.scan(0..<min(context.frontier, context.overlay.table.sampleCount)) { first, groups, distances in
      for row in 0..<groups.count {
        let group = Int(groups[row])
        guard group < index.count, index[group] >= 0, distances[row].sign == .plus else { continue }
        body(Int(index[group]), first + UInt64(row))
      }
    }
  }
}
