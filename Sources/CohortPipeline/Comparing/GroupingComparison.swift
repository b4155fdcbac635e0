public import CohortClustering
internal import CohortCore
public import CohortStore

/// Two divisions of the store's samples beside one another: two groupings, or one as two snapshots have it.
public struct GroupingComparison: Sendable {
  /// One of them.
  public struct Side: Sendable {
    /// The grouping's name.
    public var grouping: String
    /// The snapshot that it is looked at in; nil for the grouping as it is now.
    public var snapshot: String?
    /// Groups that have samples.
    public var groups: Int
    /// Samples that are in a group.
    public var samples: UInt64
    /// What the groups are called, where they have a label or an interval.
    public var labels: [UInt32: String]
    fileprivate var number: GroupingID
  }

  public var first: Side
  public var second: Side
  /// Of the samples that are in a group on both sides.
  public var table: Contingency
  /// Samples that are in a group on one side alone.
  public var onlyFirst: UInt64
  public var onlySecond: UInt64

  /// Whether both are of one grouping, so that equal numbers mean the same group.
  public var isSame: Bool { first.number == second.number }

  /// Compares two divisions.
  /// - Parameters:
  ///   - first: `GROUPING`, or `GROUPING@SNAPSHOT`. A grouping whose own name has an `@` is taken for itself.
  ///   - second: likewise.
  /// - Throws: `store.unknown-grouping`, `store.unknown-snapshot`, `store.corrupted`.
  /// - Complexity: one scan of the columns or memberships; 8 bytes for each sample that there ever was.
  public static func make(
    _ first: String, _ second: String, _ transaction: borrowing ReadTransaction
  ) throws -> GroupingComparison {
    let count = Int(clamping: try transaction.counters.nextSample)
    var (a, groupsOfA) = try side(first, count, transaction)
    var (b, groupsOfB) = try side(second, count, transaction)
    let none = GroupID.unassigned.rawValue
    var counts: [Contingency.Pair: UInt64] = [:]
    var (onlyFirst, onlySecond): (UInt64, UInt64) = (0, 0)
    for i in 0..<count {
      switch (groupsOfA[i] != none, groupsOfB[i] != none) {
      case (true, true): counts[Contingency.Pair(groupsOfA[i], groupsOfB[i]), default: 0] += 1
      case (true, false): onlyFirst += 1
      case (false, true): onlySecond += 1
      case (false, false): break
      }
    }
    let table = Contingency(counts)
    (a.samples, b.samples) = (table.samples + onlyFirst, table.samples + onlySecond)
    a.groups = groups(groupsOfA)
    b.groups = groups(groupsOfB)
    return GroupingComparison(first: a, second: b, table: table, onlyFirst: onlyFirst, onlySecond: onlySecond)
  }

  private static func groups(_ ofSamples: [UInt32]) -> Int {
    var groups = Set(ofSamples)
    groups.remove(GroupID.unassigned.rawValue)
    return groups.count
  }

  /// The group of each sample on one side.
  private static func side(
    _ text: String, _ count: Int, _ transaction: borrowing ReadTransaction
  ) throws -> (Side, [UInt32]) {
    if let grouping = try transaction.grouping(named: text) { return try current(grouping, count, transaction) }
    guard let at = text.lastIndex(of: "@"), at > text.startIndex else {
      return try current(try transaction.existingGrouping(text), count, transaction)
    }
    let snapshot = try transaction.existingSnapshot(String(text[text.index(after: at)...]))
    let name = String(text[..<at])
    guard let grouping = snapshot.groupings.first(where: { $0.name == name }) else {
      throw CohortError.unknown("grouping", name, known: snapshot.groupings.map(\.name))
    }
    return try pinned(grouping, snapshot, count, transaction)
  }

  private static func current(
    _ grouping: GroupingRecord, _ count: Int, _ transaction: borrowing ReadTransaction
  ) throws -> (Side, [UInt32]) {
    var groups = [UInt32](repeating: GroupID.unassigned.rawValue, count: count)
    try transaction.forEachBlock(of: [grouping.groupColumn]) { block in
      for row in 0..<block.count where !block.isDeleted(row) { groups[Int(block.first) + row] = block.uint32(0, row) }
      return true
    }
    let labels = try transaction.groups(of: grouping.id).compactMap { group in
      group.geometry.text.map { (group.id.rawValue, $0) }
    }
    return (
      Side(
        grouping: grouping.name, groups: 0, samples: 0, labels: Dictionary(labels) { $1 }, number: grouping.id), groups
    )
  }

  private static func pinned(
    _ grouping: SnapshotGrouping, _ snapshot: SnapshotRecord, _ count: Int, _ transaction: borrowing ReadTransaction
  ) throws -> (Side, [UInt32]) {
    let members = try SnapshotLabels(grouping, in: snapshot, transaction)
    let table = members.groups
    let groups = members.byID.prefix(count).map { place in
      place == SnapshotLabels.none ? GroupID.unassigned.rawValue : table[Int(place)].id.rawValue
    }
    let labels = table.compactMap { group in group.geometry.text.map { (group.id.rawValue, $0) } }
    return (
      Side(
        grouping: grouping.name, snapshot: snapshot.name, groups: 0, samples: 0, labels: Dictionary(labels) { $1 },
        number: grouping.id), groups
    )
  }
}
