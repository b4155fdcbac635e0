internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// Bounds on the sizes of groups: a group below the lower one is closed, a group above the upper one is divided. Where they
/// bind, samples are not on their nearest centroid.
///
/// Nothing swings: repairs move no sample into a group that is three quarters full, none out of a group at the lower
/// bound, and none between equally near centroids; a divided group is half full at most, or has halves of a quarter at least.
extension EmbeddingGroups {
  /// The last step of a round of a balanced grouping.
  mutating func balance(_ context: inout RoundContext, _ work: Workspace) throws {
    guard let bounds = work.bounds else { return }
    try closeSmallGroups(bounds, &context, work)
    let full = ids.indices.filter { counts[$0] > bounds.high }.map { ids[$0] }
    guard !full.isEmpty else { return }
    var members = try allMembers(of: full, context)
    while let slot = counts.firstIndex(where: { $0 > bounds.high }) {
      try cut(slot, bounds, &members, &context, work)
    }
    let divided = work.pending.sorted()
    try repair(&context, work)
    republish(divided, &context, work)
    try repair(&context, work)
  }

  /// Closes groups below the lower bound, the smallest ones first and half of them at a time: what they had may lift the
  /// others.
  private mutating func closeSmallGroups(
    _ bounds: SizeBounds, _ context: inout RoundContext, _ work: Workspace
  ) throws {
    while ids.count > 1 {
      let small = ids.indices.filter { counts[$0] < bounds.low }.sorted {
        counts[$0] != counts[$1] ? counts[$0] < counts[$1] : $0 < $1
      }
      guard !small.isEmpty else { return }
      let closed = small.prefix(min((small.count + 1) / 2, ids.count - 1)).sorted()
      let heirs = try heirs(of: closed, work)
      let groups = closed.map { ids[$0] }
      for (slot, heir) in zip(closed, heirs).reversed() {
        context.outcome.statistics.merges += 1
        context.outcome.events.append(
          GroupEvent(
            .merged, position: context.outcome.position, parent: heir.group, child: ids[slot], count: counts[slot],
            gain: -heir.cost))
        close(slot, heir: heir.group, &context, work)
      }
      try repair(orphans: groups, &context, work)
    }
  }

  /// The nearest group of each that stays open, and what the merge costs by Ward's criterion.
  private func heirs(of closed: [Int], _ work: Workspace) throws -> [(group: GroupID, cost: Double)] {
    let gone = Set(closed)
    let open = ids.indices.filter { !gone.contains($0) }
    return closed.map { slot in
      var nearest = (slot: open.first ?? slot, distance: Double.infinity)
      for other in open {
        let distance = distance(between: slot, and: other, work.path)
        if distance < nearest.distance { nearest = (other, distance) }
      }
      let (a, b) = (Double(counts[slot]), Double(counts[nearest.slot]))
      return (ids[nearest.slot], a * b / max(a + b, 1) * nearest.distance)
    }
  }

  private func distance(between a: Int, and b: Int, _ path: cohort_path) -> Double {
    centroids.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return 0 }
      return cohort_squared_distance(path, base + a * dimension, base + b * dimension, dimension)
    }
  }

  // MARK: Division

  /// Divides a group among its own members: by 2-means if each half gets a quarter, else in the middle of the order along
  /// the same direction; equal ones by id.
  /// - Parameter known: the members of the groups that are above the bound, ascending; of both parts afterwards.
  private mutating func cut(
    _ slot: Int, _ bounds: SizeBounds, _ known: inout [GroupID: [UInt64]], _ context: inout RoundContext,
    _ work: Workspace
  ) throws {
    let group = ids[slot]
    let before = measure(slot, work.path).error
    let members = known[group] ?? []
    try renewGains([group], from: [TwoMeans.spread(members)], &context, work)
    let halves = work.halves.removeValue(forKey: group)
    let chosen = try smallerPart(of: members, halves, context, work)
    let child = try open(
      centroids[(slot * dimension)..<((slot + 1) * dimension)], parent: group, &context, work)
    let childSlot = ids.count - 1
    try forEachRow(of: chosen, context, work) { groups, _, row in
      groups.shift(row, from: slot, to: childSlot, work.path)
    }
    context.outcome.statistics.splits += 1
    let position = context.outcome.position
    for at in [slot, childSlot] {
      publish(mean(of: at), at: at, work)
      gains[at] = nil
      context.touch(ids[at])
    }
    let gain = before - measure(slot, work.path).error - measure(childSlot, work.path).error
    context.outcome.events.append(
      GroupEvent(
        .split, position: position, parent: group, child: child, count: UInt64(members.count), gain: max(gain, 0)))
    let isChild = Set(chosen)
    known[group] = members.filter { !isChild.contains($0) }
    known[child] = chosen
    // Their distances are those before the division until the repair: it looks at every member of a divided group.
    for sample in chosen {
      let before = try context.overlay.assignment(of: SampleID(sample))
      try context.overlay.set(SampleID(sample), child, before.distance)
    }
  }

  /// All members of some groups, ascending. One scan for all of them.
  private func allMembers(of groups: [GroupID], _ context: RoundContext) throws -> [GroupID: [UInt64]] {
    var members = [[UInt64]](repeating: [], count: groups.count)
    try forEachMember(of: groups, context) { i, sample in members[i].append(sample) }
    return Dictionary(uniqueKeysWithValues: zip(groups, members))
  }

  /// The members that make the new group.
  private mutating func smallerPart(
    of members: [UInt64], _ halves: TwoMeans.Halves?, _ context: RoundContext, _ work: Workspace
  ) throws -> [UInt64] {
    guard let halves else { return Array(members.suffix(members.count / 2)) }
    let direction = zip(halves.smaller, halves.larger).map { Double($0) - Double($1) }
    let square = { (values: [Float]) in values.reduce(0.0) { $0 + Double($1) * Double($1) } }
    let middle = (square(halves.smaller) - square(halves.larger)) / 2
    var order: [(place: Double, sample: UInt64)] = []
    order.reserveCapacity(members.count)
    let dimension = dimension
    try forEachRow(of: members, context, work) { _, sample, row in
      order.append((cohort_dot(work.path, row, direction, dimension), sample))
    }
    let beyond = order.filter { $0.place > middle }.map(\.sample)
    if 4 * beyond.count >= members.count, 4 * beyond.count <= 3 * members.count { return beyond }
    order.sort { $0.place != $1.place ? $0.place < $1.place : $0.sample < $1.sample }
    return order.suffix(members.count / 2).map(\.sample).sorted()
  }

  /// Calls `body` with each sample and its normalised row, in order.
  private mutating func forEachRow(
    of samples: [UInt64], _ context: RoundContext, _ work: Workspace,
    _ body: (inout Self, UInt64, UnsafePointer<Float>) throws -> Void
  ) throws {
    let block = work.lanes[0].block
    for start in stride(from: 0, to: samples.count, by: block.capacity) {
      try block.loadMembers(
        Array(samples[start..<min(start + block.capacity, samples.count)]), context.features, work.path)
      for (i, sample) in block.samples.enumerated() {
        guard let row = block.pointer(i) else { continue }
        try body(&self, sample, row)
      }
    }
  }

  // MARK: Moves within bounds

  /// Decides the moves that a repair proposes, in the order of samples: those that the bounds forbid, and those to a
  /// centroid that is no nearer, become renewed distances. What a closed group leaves goes to the nearest group with room.
  mutating func decideMoves(
    within bounds: SizeBounds, _ context: inout RoundContext, _ work: Workspace
  ) throws {
    var proposed = work.lanes.flatMap(\.moves).filter { $0.from != $0.to }.sorted { $0.sample < $1.sample }
    for lane in work.lanes { lane.moves.removeAll { $0.from != $0.to } }
    var next = 0
    try forEachRow(of: proposed.map(\.sample), context, work) { groups, _, row in
      let move = proposed[next]
      let target = groups.target(of: move, row, bounds, work.path)
      if target == move.from {
        proposed[next].distance = Float(groups.distance(row, to: Int(target), work.path))
      } else {
        if target != move.to { proposed[next].distance = Float(groups.distance(row, to: Int(target), work.path)) }
        groups.shift(row, from: Int(move.from), to: Int(target), work.path)
        for slot in [move.from, target] where slot >= 0 {
          context.touch(groups.ids[Int(slot)])
          work.halves[groups.ids[Int(slot)]] = nil
        }
      }
      proposed[next].to = target
      next += 1
    }
    work.lanes[0].moves += proposed
  }

  private func target(
    of move: Lane.Move, _ row: UnsafePointer<Float>, _ bounds: SizeBounds, _ path: cohort_path
  ) -> Int32 {
    guard move.from < 0 else {
      let isNearer = move.distance < Float(distance(row, to: Int(move.from), path))
      let isAllowed = counts[Int(move.from)] > bounds.low && counts[Int(move.to)] < bounds.intake
      return isNearer && isAllowed ? move.to : move.from
    }
    guard counts[Int(move.to)] >= bounds.high else { return move.to }
    var nearest = (slot: move.to, distance: Double.infinity)
    for slot in ids.indices where counts[slot] < bounds.high {
      let distance = distance(row, to: slot, path)
      if distance < nearest.distance { nearest = (Int32(slot), distance) }
    }
    return nearest.slot
  }

  private func distance(_ row: UnsafePointer<Float>, to slot: Int, _ path: cohort_path) -> Double {
    centroids.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return 0 }
      return cohort_squared_distance(path, row, base + slot * dimension, dimension)
    }
  }

  /// Takes a row out of one group, if it is in one, and into another.
  private mutating func shift(_ row: UnsafePointer<Float>, from: Int, to: Int, _ path: cohort_path) {
    let dimension = dimension
    sums.withUnsafeMutableBufferPointer {
      guard let base = $0.baseAddress else { return }
      if from >= 0 { cohort_sum_subtract(path, base + from * dimension, row, dimension) }
      cohort_sum_add(path, base + to * dimension, row, dimension)
    }
    if from >= 0 { counts[from] -= 1 }
    counts[to] += 1
  }
}
