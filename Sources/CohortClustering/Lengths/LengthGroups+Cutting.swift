internal import CohortCore

/// Following the data: new edges while the grouping forms, later new quantiles and splits of over-full intervals.
extension LengthGroups {
  mutating func adapt(_ context: inout RoundContext) throws {
    let total = groups.reduce(UInt64(0)) { $0 + ($1?.count ?? 0) }
    guard total > 0 else { return }
    switch cut {
    case .given:
      guard let groupSize, total >= restUntil else { return }
      try splitOverfull(above: min(groupSize, UInt64(UInt32.max)) * 4, total: total, &context)
    case .equalWidth(let parts):
      if context.outcome.position <= Self.forming {
        let histogram = try self.histogram(&context)
        try recut(IntervalCuts.equalWidth(histogram, parts: parts), histogram, &context)
      } else if total >= restUntil {
        try splitOverfull(above: max(4 * total / UInt64(parts), Self.leastOverfull - 1), total: total, &context)
      }
    case .quantiles(let parts):
      if context.outcome.position <= Self.forming {
        let histogram = try self.histogram(&context)
        try recut(IntervalCuts.quantiles(histogram, parts: parts), histogram, &context)
      } else if total >= restUntil, 2 * largest > 3 * (total / UInt64(parts) + 1) {
        let histogram = try self.histogram(&context)
        let edges = IntervalCuts.quantiles(histogram, parts: parts)
        let largestThen = Self.counts(histogram, edges: edges).max() ?? 0
        if largestThen <= largest - largest / 10 { try recut(edges, histogram, &context) }
        restUntil = total + total / 8
      }
    }
  }

  private var largest: UInt64 { groups.reduce(0) { max($0, $1?.count ?? 0) } }

  private static func counts(_ histogram: IntervalCuts.Histogram, edges: [UInt64]) -> [UInt64] {
    var counts = [UInt64](repeating: 0, count: edges.count + 1)
    for (length, count) in histogram { counts[IntervalCuts.interval(of: length, edges: edges)] += count }
    return counts
  }

  /// How often each length occurs among the members of the groups that `wanted` names (all, when nil).
  private func histogram(
    of wanted: Set<UInt32>? = nil, _ context: inout RoundContext
  ) throws -> IntervalCuts.Histogram {
    var counts: [UInt64: UInt64] = [:]
    try forEachMember(of: wanted, context) { _, _, length in counts[length, default: 0] += 1 }
    return counts.map { (length: $0.key, count: $0.value) }.sorted { $0.length < $1.length }
  }

  private func forEachMember(
    of wanted: Set<UInt32>?, _ context: RoundContext, _ body: (SampleID, GroupID, UInt64) throws -> Void
  ) throws {
    var lengths: [UInt64] = []
    try context.overlay.scan(0..<min(context.frontier, context.overlay.table.sampleCount)) { first, groups, distances in
      if lengths.count < groups.count { lengths = [UInt64](repeating: 0, count: groups.count) }
      try lengths.withUnsafeMutableBufferPointer {
        try context.features.readLengths(
          from: first, into: UnsafeMutableBufferPointer(rebasing: $0[..<groups.count]))
      }
      for i in 0..<groups.count {
        guard groups[i] != GroupID.unassigned.rawValue, distances[i].sign == .plus else { continue }
        if let wanted, !wanted.contains(groups[i]) { continue }
        try body(SampleID(first + UInt64(i)), GroupID(groups[i]), lengths[i])
      }
    }
  }

  /// Publishes new edges. Groups keep their order: the i-th occupied interval goes to the i-th group; missing groups are
  /// born at the top, superfluous ones are merged into the last that stays.
  private mutating func recut(
    _ newEdges: [UInt64], _ histogram: IntervalCuts.Histogram, _ context: inout RoundContext
  ) throws {
    guard newEdges != edges else { return }
    let position = context.outcome.position
    let before = groups.indices.filter { groups[$0] != nil }
    let counts = Self.counts(histogram, edges: newEdges)
    let occupied = counts.indices.filter { counts[$0] > 0 }
    let keep = min(before.count, occupied.count)
    for interval in before[keep...] {
      close(interval, position: position, heir: groups[before[keep - 1]]?.id, &context)
    }
    let kept = before[..<keep].map { (bounds(of: $0), groups[$0]) }
    edges = newEdges
    groups = Array(repeating: nil, count: newEdges.count + 1)
    for (i, interval) in occupied.enumerated() {
      if i < keep, var group = kept[i].1 {
        group.count = counts[interval]
        groups[interval] = group
        context.touch(group.id)
        if bounds(of: interval) != kept[i].0 {
          context.outcome.statistics.republished += 1
          context.outcome.events.append(
            GroupEvent(.republished, position: position, child: group.id, count: group.count))
        }
      } else {
        let id = try context.newGroup()
        groups[interval] = Group(id: id, count: counts[interval], lineage: GroupLineage(born: position))
        context.touch(id)
        context.outcome.events.append(GroupEvent(.born, position: position, child: id, count: counts[interval]))
      }
    }
    try relabel(nil, &context)
  }

  /// Gives the members of the wanted groups the group of the interval they lie in.
  private func relabel(_ wanted: Set<UInt32>?, _ context: inout RoundContext) throws {
    var moves: [(SampleID, GroupID)] = []
    try forEachMember(of: wanted, context) { sample, group, length in
      guard let now = groups[IntervalCuts.interval(of: length, edges: edges)]?.id, now != group else { return }
      moves.append((sample, now))
    }
    for (sample, group) in moves { try context.overlay.set(sample, group, 0) }
  }

  /// Splits intervals with more than `limit` members at their median until none is left that can be split.
  private mutating func splitOverfull(above limit: UInt64, total: UInt64, _ context: inout RoundContext) throws {
    let overfull = Set(groups.compactMap { $0.flatMap { $0.count > limit ? $0.id.rawValue : nil } })
    guard !overfull.isEmpty else { return }
    let histogram = try self.histogram(of: overfull, &context)
    var interval = 0
    var split = false
    while interval < groups.count {
      guard let group = groups[interval], group.count > limit, let (edge, lower, upper) = median(interval, histogram)
      else {
        interval += 1
        continue
      }
      split = true
      let position = context.outcome.position
      let child = Group(
        id: try context.newGroup(), count: min(lower, upper), lineage: GroupLineage(born: position, parent: group.id))
      var parent = group
      parent.count = max(lower, upper)
      context.outcome.statistics.splits += 1
      context.outcome.events.append(
        GroupEvent(.split, position: position, parent: parent.id, child: child.id, count: group.count))
      edges.insert(edge, at: interval)
      groups[interval] = lower >= upper ? parent : child
      groups.insert(lower >= upper ? child : parent, at: interval + 1)
      context.touch(parent.id)
      context.touch(child.id)
    }
    // What could not be split (one length only) is not looked at again before the store has grown.
    restUntil = total + total / 8
    if split { try relabel(overfull, &context) }
  }

  private func median(
    _ interval: Int, _ histogram: IntervalCuts.Histogram
  ) -> (edge: UInt64, lower: UInt64, upper: UInt64)? {
    let inside = histogram.filter { IntervalCuts.interval(of: $0.length, edges: edges) == interval }
    guard let edge = IntervalCuts.median(inside) else { return nil }
    let counts = Self.counts(inside, edges: [edge])
    return (edge, counts[0], counts[1])
  }

  // MARK: Stored form

  func encodeHeader(into writer: inout ByteWriter) {
    writer.varint(edges.count)
    for edge in edges { writer.fixed(edge) }
    writer.fixed(restUntil)
  }

  init(
    cut: GroupingDefinition.Edges, granularity: GroupingDefinition.Granularity, header reader: inout ByteReader,
    records: [GroupRecord]
  ) throws {
    try self.init(cut: cut, granularity: granularity)
    edges = []
    for _ in 0..<(try reader.count(unit: 8)) { edges.append(try reader.fixed()) }
    restUntil = try reader.fixed()
    guard edges.first != 0, zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw CohortError.damagedState("The edges of a length grouping are not ascending")
    }
    groups = Array(repeating: nil, count: edges.count + 1)
    for record in records {
      guard case .interval(let lower, _) = record.geometry else {
        throw CohortError.damagedState("A group has no interval", place: "group \(record.id)")
      }
      let interval = IntervalCuts.interval(of: lower, edges: edges)
      guard bounds(of: interval) == record.geometry, groups[interval] == nil, record.live == nil else {
        throw CohortError.damagedState(
          "A group's interval does not lie between the edges", place: "group \(record.id)")
      }
      groups[interval] = Group(id: record.id, count: record.count, lineage: record.lineage)
    }
  }
}
