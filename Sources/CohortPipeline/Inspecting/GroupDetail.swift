internal import CohortClustering
internal import CohortKernels
public import CohortCore
public import CohortStore

/// A group from inside.
public struct GroupDetail: Sendable {
  /// A member and its squared distance to the centroid (nil where there is none).
  public struct Member: Sendable {
    /// The sample, as it was stored when the group was looked at.
    public var sample: StoredSample
    /// Squared distance to the group's published centroid; nil for groupings that look at no vectors.
    public var distance: Float?
  }

  /// One event of the group's history.
  public struct Event: Hashable, Sendable {
    /// The log entry of the round that it happened in.
    public var sequence: LogSequence
    /// Of the log entry: milliseconds since 1970, UTC.
    public var time: Int64
    /// Change records that the grouping had applied.
    public var position: UInt64
    /// born, split, merged, republished, closed.
    public var operation: String
    /// The group that the child was split from or merged into; nil where there is none.
    public var parent: GroupID?
    /// The group that the event happened to.
    public var child: GroupID
    /// Members of the group that was born, divided, closed or published anew.
    public var count: UInt64
    /// In units of the summed squared distance, see `GroupEvent.Kind`.
    public var gain: Double
  }

  /// Members whose length lies in an interval.
  public struct LengthBin: Hashable, Sendable {
    /// The interval `lower ..< upper`.
    public var lower: UInt64
    public var upper: UInt64
    /// How many members lie in it.
    public var size: UInt64
  }

  /// Another group nearby.
  public struct Neighbour: Hashable, Sendable {
    public var group: GroupID
    public var size: UInt64
    /// Squared distance of the published centroids.
    public var distance: Double
  }

  /// Size, label, lengths and tasks.
  public var summary: GroupSummary
  /// False for a group that was merged away or ran empty.
  public var isOpen: Bool
  /// The group that it was split from; nil where there is none.
  public var parent: GroupID?
  /// Where the members went when the group was closed; nil while it is open.
  public var heir: GroupID?
  /// The member nearest to the centroid; for other groupings the one of median length.
  public var medoid: Member?
  /// The next nearest ones.
  public var central: [Member]
  /// Around the median distance.
  public var typical: [Member]
  /// The farthest ones.
  public var outlying: [Member]
  /// All tasks of its members, the commonest first, as `summary` has them.
  public var taskMix: [TaskShare]
  /// Lengths by the measure of `summary`: those of the members in intervals that double, from the shortest to the longest.
  public var lengths: [LengthBin]
  /// For groups by embedding, the open groups whose centroids are nearest, nearest first.
  public var neighbours: [Neighbour]
  /// Empty unless asked for: what happened to the group, to those it came from, up to the one that was born with its
  /// first sample, and to its heirs after it was merged into them; oldest first.
  public var history: [Event]
}

extension GroupListing {
  /// Shows one group, from one state of the store. Of the samples, only those of the group are read, and some of the whole
  /// store for the words that set it apart, where damaged ones are passed over: damage in another group's sample is no
  /// obstacle. The summary is the one that `list` gives, but for the terms: there they set a group apart from the samples
  /// of all others. The labels of groups by embedding, which are made of terms, can differ with them; all others agree.
  /// - Parameter shown: how many central, typical and outlying members.
  /// - Throws: `store.unknown-grouping`, `pipeline.unknown-group`; `store.corrupted` for damaged columns or members.
  /// - Complexity: one scan of five columns, some hundred samples; with the history, one of the log.
  public static func show(
    grouping name: String, group id: GroupID, shown: Int = 3, withHistory: Bool = false,
    _ transaction: borrowing ReadTransaction
  ) throws -> GroupDetail {
    let grouping = try transaction.existingGrouping(name)
    let record = try transaction.group(id, in: grouping.id)
    let order = try GroupScan(of: grouping, only: id, transaction)
    let cell = order.cells[id.rawValue]
    guard record != nil || cell != nil else { throw CohortError.unknownGroup(id, of: name) }
    let summary =
      if let cell {
        try summary(
          of: id, cell, grouping, order.lengths,
          GroupTerms.find(of: cell.members.ids, against: order.store.ids, transaction),
          transaction)
      } else {
        GroupSummary(group: id, size: 0, label: try label(id, grouping, [], transaction))
      }
    let count = order.ordered.count
    let middle = count / 2
    let farthest = max(shown + 1, count - shown)
    let first = order.hasDistance ? 0 : middle
    let medoid = try members(of: order, first..<(first + 1), transaction).first
    let around = (middle - shown / 2)..<(middle - shown / 2 + shown)
    let typical = count > 3 * shown ? try members(of: order, around, transaction) : []
    let outlying = try members(of: order, farthest..<max(farthest, count), transaction)
    return GroupDetail(
      summary: summary, isOpen: record?.isOpen ?? true, parent: record?.parent, heir: record?.heir, medoid: medoid,
      central: try members(of: order, 1..<(1 + shown), transaction), typical: typical, outlying: outlying.reversed(),
      taskMix: try shares(cell?.tasks ?? [:], transaction), lengths: bins(order.histogram),
      neighbours: try neighbours(of: record, grouping, transaction),
      history: withHistory ? try history(of: id, grouping, transaction) : [])
  }

  private static func bins(_ histogram: [UInt64]) -> [GroupDetail.LengthBin] {
    let used = histogram.indices.filter { histogram[$0] > 0 }
    guard let first = used.first, let last = used.last else { return [] }
    return (first...last).map { (bin: Int) -> GroupDetail.LengthBin in
      let upper: UInt64 = 1 << UInt64(bin)
      return GroupDetail.LengthBin(lower: bin == 0 ? 0 : upper / 2, upper: upper, size: histogram[bin])
    }
  }

  /// Centroids are compared in fixed-order Float64.
  private static func neighbours(
    of group: CohortStore.GroupRecord?, _ grouping: GroupingRecord, _ transaction: borrowing ReadTransaction
  ) throws -> [GroupDetail.Neighbour] {
    guard let group, case .centroid(let own) = group.geometry else { return [] }
    let others = try transaction.groups(of: grouping.id).compactMap { other -> GroupDetail.Neighbour? in
      guard other.id != group.id, other.isOpen, case .centroid(let values) = other.geometry, values.count == own.count
      else { return nil }
      let distance = cohort_squared_distance(COHORT_PATH_BEST, own, values, own.count)
      return GroupDetail.Neighbour(group: other.id, size: other.size, distance: distance)
    }
    return Array(others.sorted { ($0.distance, $0.group) < ($1.distance, $1.group) }.prefix(shownNeighbours))
  }

  private static func members(
    of order: GroupScan, _ range: Range<Int>, _ transaction: borrowing ReadTransaction
  ) throws -> [GroupDetail.Member] {
    var members: [GroupDetail.Member] = []
    for (id, key) in order.ordered[range.clamped(to: 0..<order.ordered.count)] {
      guard let sample = try transaction.sample(id) else { continue }
      members.append(GroupDetail.Member(sample: sample, distance: order.hasDistance ? key : nil))
    }
    return members
  }

  /// What `show` has as `history`, without reading a sample.
  /// - Throws: `store.unknown-grouping`, `pipeline.unknown-group`.
  /// - Complexity: one scan of the log.
  public static func history(
    grouping name: String, group id: GroupID, _ transaction: borrowing ReadTransaction
  ) throws -> [GroupDetail.Event] {
    let grouping = try transaction.existingGrouping(name)
    guard try transaction.group(id, in: grouping.id) != nil else { throw CohortError.unknownGroup(id, of: name) }
    return try history(of: id, grouping, transaction)
  }

  /// The events of a group, of its ancestors up to their splits, and of its heirs from the merges on, by a scan of the
  /// log's rounds.
  private static func history(
    of group: GroupID, _ grouping: GroupingRecord, _ transaction: borrowing ReadTransaction
  ) throws -> [GroupDetail.Event] {
    var events: [GroupDetail.Event] = []
    try transaction.forEachRound(of: grouping.id, from: grouping.created) { entry, round in
      for bytes in round.events {
        let event = try ByteReader.decode(bytes) { try GroupEvent(from: &$0) }
        // What concerns the whole grouping is no group's history.
        guard event.child != .unassigned else { continue }
        events.append(
          GroupDetail.Event(
            sequence: entry.sequence, time: entry.time, position: event.position, operation: event.kind.name,
            parent: event.parent == .unassigned ? nil : event.parent, child: event.child, count: event.count,
            gain: event.gain))
      }
      return true
    }
    // Backwards: an ancestor counts up to the moment its child was split off.
    var family: Set<GroupID> = [group]
    var kept: [GroupDetail.Event] = []
    for event in events.reversed() where family.contains(event.child) || event.parent.map(family.contains) == true {
      kept.append(event)
      if event.operation == "split", family.contains(event.child), let parent = event.parent { family.insert(parent) }
    }
    kept.reverse()
    // Forwards: an heir counts from the moment it took the members.
    var heir: GroupID?
    for event in events {
      if let current = heir, event.child == current || event.parent == current { kept.append(event) }
      if event.operation == "merged", event.child == heir ?? group { heir = event.parent }
    }
    return kept
  }
}
