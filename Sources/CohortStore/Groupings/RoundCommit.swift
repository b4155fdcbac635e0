public import CohortCore
internal import CohortLMDB

/// A sample's new place: group and squared distance to its published centroid (0 where there is none). The engine marks
/// provisional assignments by a negative sign.
public struct Assignment: Hashable, Sendable {
  /// The sample that moves, or is confirmed in its group.
  public var id: SampleID
  /// Its group from now on; `GroupID.unassigned` for none.
  public var group: GroupID
  /// Squared distance to the group's published centroid, 0 where there is none; negative when provisional.
  public var distance: Float

  public init(id: SampleID, group: GroupID, distance: Float = 0) {
    self.id = id
    self.group = group
    self.distance = distance
  }
}

/// Everything that a round of a grouping changes.
public struct RoundCommit: Sendable {
  /// The rows to write, in any order; a sample that is listed twice keeps the last.
  public var assignments: [Assignment]
  /// Groups that are new or changed. Their `size` is ignored: the store counts.
  public var groups: [GroupRecord]
  /// The engine's own state besides the groups': opaque to the store. A provisional round does not store it.
  public var engineState: [UInt8]
  /// Records of the feed that are consumed after this round.
  public var applied: FeedPosition
  /// A short tail: `applied` says how far samples are assigned, but the round will be done again when it is full.
  public var isProvisional: Bool
  /// Splits, merges, re-centrings, encoded by the engine.
  public var events: [[UInt8]]
  /// Digest of the engine's state after the round.
  public var digest: UInt64
  /// The samples whose changed labels the round applied, where nothing else tells their former group once they are deleted.
  public var departures: [LabelDeparture]

  public init(
    assignments: [Assignment], groups: [GroupRecord], engineState: [UInt8], applied: FeedPosition,
    isProvisional: Bool, events: [[UInt8]], digest: UInt64, departures: [LabelDeparture] = []
  ) {
    self.assignments = assignments
    self.groups = groups
    self.engineState = engineState
    self.applied = applied
    self.isProvisional = isProvisional
    self.events = events
    self.digest = digest
    self.departures = departures
  }
}

extension WriteTransaction {
  /// Adds a grouping; its groups come with its first round.
  /// - Parameter material: bytes that the definition only names: the anchors of a grouping by anchors. They never change.
  /// - Throws: `store.name`; `store.grouping-exists`; `store.unknown-embedding-space`, `store.unknown-length-measure`,
  ///   `store.unknown-grouping` for what the definition names.
  public func createGrouping(
    name: String, definition: GroupingDefinition, material: [UInt8] = []
  ) throws -> GroupingRecord {
    try NameRule.check(name, of: "grouping")
    guard try reading.grouping(named: name) == nil else { throw CohortError.exists("grouping", name) }
    try checkNeeds(of: definition)
    let id = GroupingID(state.counters.nextGrouping)
    state.counters.nextGrouping += 1
    let columnNumber = state.counters.nextColumn
    state.counters.nextColumn += definition.criterion.hasMaterial ? 3 : 2
    let sequence = try log(
      LogEvent.GroupingCreated(id: id, name: name, definition: definition))
    var record = GroupingRecord(
      id: id, name: name, definition: definition, created: sequence, columnNumber: columnNumber)
    for feature in definition.features { try require(feature.feature) }
    if definition.criterion.hasMaterial {
      try columns.set(record.materialColumn, from: 0, Self.words(material))
      record.materialBytes = UInt64(material.count)
    }
    try put(record)
    return record
  }

  /// Makes sure that what a grouping looks at is there: whoever asked may have looked in an earlier transaction.
  /// - Complexity: a look-up or two.
  func checkNeeds(of definition: GroupingDefinition) throws {
    if let space = definition.space { _ = try reading.existingSpace(space) }
    if let measure = definition.measure { _ = try reading.existingMeasure(measure) }
    for factor in definition.factors { _ = try reading.existingGrouping(factor) }
  }

  private static func words(_ bytes: [UInt8]) -> [UInt32] {
    stride(from: 0, to: bytes.count, by: 4).map { start in
      bytes[start..<min(start + 4, bytes.count)].enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * $1.offset) }
    }
  }

  /// Removes a grouping, its groups and its columns. Snapshots that hold its membership keep it.
  /// - Throws: `store.grouping-in-use` while it is a factor of a product.
  public func dropGrouping(named name: String) throws {
    let record = try reading.existingGrouping(name)
    let products = try reading.groupings().filter { $0.definition.factors.contains(name) }
    guard products.isEmpty else {
      throw CohortError(
        .storeGroupingInUse, "Grouping \"\(name)\" is a factor of: \(products.map(\.name).joined(separator: ", "))",
        hint: "Drop the products first")
    }
    let maps = try reading.maps().filter { $0.grouping == record.id }
    guard maps.isEmpty else {
      throw CohortError(
        .storeGroupingInUse, "Maps follow grouping \"\(name)\": \(maps.map(\.name).joined(separator: ", "))",
        hint: "Drop them first: cohort map drop NAME")
    }
    for group in try reading.groups(of: record.id) {
      try unsafe.delete(tables.groups, GroupRecord.key(record.id, group.id))
    }
    for column in record.columns { try removeChunks(of: column) }
    try remove(record)
    state.counters.droppedGroupings += 1
    try log(LogEvent.GroupingDropped(id: record.id))
  }

  /// Stores a round: assignments, groups, the engine's state and the log entry, in this transaction. A round that
  /// changes very many chunks is written in slices instead: `write(_:to:)` and `complete`.
  /// - Parameter grouping: its record as it was when the round was made.
  /// - Returns: the grouping's record afterwards.
  /// - Throws: `store.unknown-grouping` when the grouping was dropped, `store.grouping-moved` when another round was committed
  ///   meanwhile, and as `createGrouping` for what it looks at;
  ///   `store.unknown-sample` for an assignment of a sample
  ///   that does not exist.
  @discardableResult
  public func commit(_ round: RoundCommit, to grouping: GroupingRecord) throws -> GroupingRecord {
    var record = try existing(grouping)
    try checkNeeds(of: record.definition)
    // What was written of another round is of no use any more.
    record.generations?.pending = nil
    record.groupCount += try put(round.groups, in: grouping.id)
    let rows = max(record.rows, round.assignments.reduce(0) { max($0, $1.id.rawValue + 1) })
    guard rows <= state.counters.nextSample else {
      throw CohortError(
        .storeUnknownSample, "A round assigns sample \(rows - 1); the store has \(state.counters.nextSample)")
    }
    try columns.extend(record.groupColumn, from: record.rows, to: rows)
    try columns.extend(record.distanceColumn, from: record.rows, to: rows)
    for assignment in round.assignments {
      let row = assignment.id.rawValue
      let old = GroupID(try columns.uint32(record.groupColumn, row: row))
      try columns.set(record.distanceColumn, row: row, assignment.distance)
      guard old != assignment.group else { continue }
      try columns.set(record.groupColumn, row: row, assignment.group.rawValue)
      // A deleted sample left its group's size when it was deleted.
      guard try columns.uint8(Column.tombstone, row: row) == 0 else { continue }
      if old != .unassigned { changeSize(of: old, in: grouping.id, by: -1) }
      if assignment.group != .unassigned { changeSize(of: assignment.group, in: grouping.id, by: 1) }
    }
    record.rows = rows
    record.provisional = round.applied
    if !round.isProvisional {
      try note(round.departures, from: record.id)
      try requireFeatures(ofRoundsOf: record)
      record.applied = round.applied
      record.engineState = round.engineState
    }
    try put(record)
    try log(
      LogEvent.Round(
        grouping: grouping.id, applied: round.applied, provisional: round.isProvisional,
        assigned: UInt64(round.assignments.count), events: round.events, state: round.digest))
    return record
  }

  /// Notes what a reader must know of complete rounds.
  func requireFeatures(ofRoundsOf grouping: GroupingRecord) throws {
    for feature in grouping.definition.criterion.featuresOfRounds { try require(feature.feature) }
  }

  /// Stores groups with the sizes that they have. - Returns: how many of them are new.
  func put(_ groups: [GroupRecord], in grouping: GroupingID) throws -> UInt64 {
    let known = try groups.map { try reading.group($0.id, in: grouping) }
    // Those that are not found may be new, or lost: the count tells.
    if known.contains(nil) { _ = try reading.groups(of: grouping) }
    var new: Set<GroupID> = []
    for (group, old) in zip(groups, known) {
      var group = group
      group.size = old?.size ?? 0
      if old == nil { new.insert(group.id) }
      try group.encode(in: grouping).withUnsafeBytes {
        try unsafe.put(tables.groups, GroupRecord.key(grouping, group.id), $0)
      }
    }
    return UInt64(new.count)
  }

  func changeSize(of group: GroupID, in grouping: GroupingID, by amount: Int64) {
    state.sizeChanges[GroupRecord.key(grouping, group), default: 0] += amount
  }

  /// Writes the sizes that this transaction changed.
  func applySizeChanges() throws {
    for (key, amount) in state.sizeChanges.sorted(by: { $0.key < $1.key }) where amount != 0 {
      let (grouping, group) = (GroupingID(UInt32(key >> 32)), GroupID(UInt32(truncatingIfNeeded: key)))
      guard var record = try reading.group(group, in: grouping) else {
        throw CohortError(.storeNoGroup, "Samples were assigned to group \(group), which does not exist")
      }
      guard let size = Int64(exactly: record.size), size + amount >= 0 else {
        throw CohortError.corrupted("Group \(group)", cause: "its size does not fit its members")
      }
      record.size = UInt64(size + amount)
      try record.encode(in: grouping).withUnsafeBytes { try unsafe.put(tables.groups, key, $0) }
    }
    state.sizeChanges.removeAll()
  }
}
