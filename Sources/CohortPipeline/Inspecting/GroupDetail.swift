internal import CohortClustering
public import CohortCore
public import CohortStore

/// A group from inside.
public struct GroupDetail: Sendable {
  /// A member and its squared distance to the centroid (nil where there is none).
  public struct Member: Sendable {
    public var sample: StoredSample
    public var distance: Float?
  }

  /// One event of the group's history.
  public struct Event: Hashable, Sendable {
    public var sequence: LogSequence
    /// Of the log entry: milliseconds since 1970, UTC.
    public var time: Int64
    /// Change records that the grouping had applied.
    public var position: UInt64
    /// born, split, merged, republished, closed.
    public var operation: String
    public var parent: GroupID?
    public var child: GroupID
    /// Members of the group that was born, divided, closed or published anew.
    public var count: UInt64
    /// In units of the summed squared distance, see `GroupEvent.Kind`.
    public var gain: Double
  }

  public var summary: GroupSummary
  public var isOpen: Bool
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
  /// Empty unless asked for: what happened to the group, to those it came from, up to the one that was born with its
  /// first sample, and to its heirs after it was merged into them; oldest first.
  public var history: [Event]
}

extension GroupListing {
  /// Shows one group.
  /// - Parameter shown: how many central, typical and outlying members.
  public static func show(
    _ store: Store, grouping name: String, group id: GroupID, shown: Int = 3, withHistory: Bool = false
  ) throws -> GroupDetail {
    let summaries = try list(store, grouping: name)
    return try store.read { transaction in
      guard let grouping = try transaction.grouping(named: name) else {
        throw CohortError.unknown("grouping", name, known: try transaction.groupings().map(\.name))
      }
      let record = try transaction.group(id, in: grouping.id)
      guard record != nil || summaries.contains(where: { $0.group == id }) else {
        throw CohortError(
          .pipelineUnknownGroup, "Grouping \"\(name)\" has no group \(id)",
          hint: "See cohort group list --grouping \(name)")
      }
      let summary =
        try summaries.first { $0.group == id }
        ?? GroupSummary(group: id, size: 0, label: label(id, grouping, [], transaction))
      let order = try orderedMembers(of: id, grouping, transaction)
      let count = order.ids.count
      let middle = count / 2
      let farthest = max(shown + 1, count - shown)
      let medoid = order.hasDistance ? 0 : middle
      return GroupDetail(
        summary: summary, isOpen: record?.isOpen ?? true, parent: record?.parent, heir: record?.heir,
        medoid: try members(of: order, medoid..<(medoid + 1), transaction).first,
        central: try members(of: order, 1..<(1 + shown), transaction),
        typical: count > 3 * shown
          ? try members(of: order, (middle - shown / 2)..<(middle - shown / 2 + shown), transaction) : [],
        outlying: try members(of: order, farthest..<max(farthest, count), transaction).reversed(),
        history: withHistory ? try history(of: id, grouping, transaction) : [])
    }
  }

  private typealias MemberOrder = (ids: [(id: SampleID, key: Float)], hasDistance: Bool)

  private static func members(
    of order: MemberOrder, _ range: Range<Int>, _ transaction: borrowing ReadTransaction
  ) throws -> [GroupDetail.Member] {
    var members: [GroupDetail.Member] = []
    for index in range.clamped(to: 0..<order.ids.count) {
      guard let sample = try transaction.sample(order.ids[index].id) else { continue }
      members.append(GroupDetail.Member(sample: sample, distance: order.hasDistance ? order.ids[index].key : nil))
    }
    return members
  }

  /// Members by distance, or by response length where there is no distance; equal ones by id.
  private static func orderedMembers(
    of group: GroupID, _ grouping: GroupingRecord, _ transaction: borrowing ReadTransaction
  ) throws -> MemberOrder {
    let hasDistance = grouping.definition.space != nil
    let column = hasDistance ? grouping.distanceColumn : Column.responseLength
    var members: [(id: SampleID, key: Float)] = []
    try transaction.forEachMember(of: group, in: grouping) { ids in
      for id in ids {
        let value = try transaction.uint32(column, id)
        members.append((id, hasDistance ? Float(bitPattern: value).magnitude : Float(value)))
      }
      return true
    }
    members.sort { ($0.key, $0.id) < ($1.key, $1.id) }
    return (members, hasDistance)
  }

  /// The events of a group, of its ancestors up to their splits, and of its heirs from the merges on, by a scan of the
  /// log's rounds.
  private static func history(
    of group: GroupID, _ grouping: GroupingRecord, _ transaction: borrowing ReadTransaction
  ) throws -> [GroupDetail.Event] {
    var events: [GroupDetail.Event] = []
    try transaction.forEachEntry(from: grouping.created) { entry in
      guard let round = entry.event as? LogEvent.Round, round.grouping == grouping.id else { return true }
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
