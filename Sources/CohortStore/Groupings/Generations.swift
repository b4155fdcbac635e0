internal import CohortCore
internal import CohortLMDB

/// Two pairs of columns for the assignments of a grouping: readers use the current one, and a round that changes very
/// many rows is written into the other, a slice a transaction, until one more transaction makes that the current one.
///
/// Made when a grouping needs it for the first time.
public struct Generations: Hashable, Sendable {
  /// Rows of the round that the next generation will hold.
  public struct Pending: Hashable, Sendable {
    /// Records of the feed that are consumed after the round.
    public var applied: FeedPosition
    /// Digest of the engine's state after it.
    public var digest: UInt64
    /// Rows before this one are written.
    public var cursor: UInt64
  }

  /// First column of the second pair.
  var secondColumn: UInt32
  var isSecondCurrent = false
  /// The round that is being written in slices; nil while there is none. A later commit of another round forgets it.
  public internal(set) var pending: Pending?

  init(secondColumn: UInt32) { self.secondColumn = secondColumn }

  init(from reader: inout ByteReader) throws {
    secondColumn = try reader.fixed()
    isSecondCurrent = try reader.fixed(UInt8.self) != 0
    guard try reader.fixed(UInt8.self) != 0 else { return }
    pending = Pending(
      applied: FeedPosition(sequence: LogSequence(try reader.varint()), offset: try reader.varint()),
      digest: try reader.fixed(), cursor: try reader.varint())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(secondColumn)
    writer.fixed(UInt8(isSecondCurrent ? 1 : 0))
    writer.fixed(UInt8(pending == nil ? 0 : 1))
    guard let pending else { return }
    writer.varint(pending.applied.sequence.rawValue)
    writer.varint(pending.applied.offset)
    writer.fixed(pending.digest)
    writer.varint(pending.cursor)
  }
}

/// Consecutive rows of a grouping's next generation.
public struct GenerationSlice: Sendable {
  /// Of the round that they are written for.
  public var applied: FeedPosition
  /// Digest of the engine's state after that round: with `applied`, it tells rounds apart.
  public var digest: UInt64
  /// The first row: as many as were written before.
  public var first: UInt64
  /// The new group of each row, as `GroupID.rawValue`.
  public var groups: [UInt32]
  /// The new distance of each row, as the bits of a `float32`.
  public var distances: [UInt32]

  public init(applied: FeedPosition, digest: UInt64, first: UInt64, groups: [UInt32], distances: [UInt32]) {
    self.applied = applied
    self.digest = digest
    self.first = first
    self.groups = groups
    self.distances = distances
  }
}

extension WriteTransaction {
  /// Writes rows of the next generation; readers do not see them. Rows of another round that was begun before are
  /// forgotten. There is no log entry: `complete` makes it.
  /// - Returns: the grouping's record afterwards.
  /// - Throws: `store.generation` when the rows do not follow those that are there; `store.unknown-grouping`;
  ///   `store.grouping-moved` when another round was committed meanwhile.
  public func write(_ slice: GenerationSlice, to grouping: GroupingRecord) throws -> GroupingRecord {
    var record = try existing(grouping)
    try checkNeeds(of: record.definition)
    var isNew = false
    var generations: Generations
    if let known = record.generations {
      generations = known
    } else {
      try require(StoreFormat.generations)
      generations = Generations(secondColumn: state.counters.nextColumn)
      state.counters.nextColumn += 2
    }
    if generations.pending?.applied != slice.applied || generations.pending?.digest != slice.digest {
      generations.pending = Generations.Pending(applied: slice.applied, digest: slice.digest, cursor: 0)
      isNew = true
    }
    let end = slice.first + UInt64(slice.groups.count)
    guard generations.pending?.cursor == slice.first, slice.groups.count == slice.distances.count,
      end <= state.counters.nextSample
    else {
      throw CohortError(
        .storeGeneration, "Rows \(slice.first) to \(end) do not follow those of the next generation that are written")
    }
    record.generations = generations
    // What an abandoned round left.
    if isNew { for column in [record.nextGroupColumn, record.nextDistanceColumn] { try removeChunks(of: column) } }
    try columns.set(record.nextGroupColumn, from: slice.first, slice.groups)
    try columns.set(record.nextDistanceColumn, from: slice.first, slice.distances)
    record.generations?.pending?.cursor = end
    try put(record)
    return record
  }

  /// Makes the next generation the current one, with groups, state and log entry of its round, and frees the old one.
  /// - Parameters:
  ///   - round: its assignments are not looked at: they are in the columns.
  ///   - assigned: how many assignments the round changed.
  /// - Throws: `store.generation` when not all rows of this round are written; `store.grouping-moved`.
  /// - Complexity: a scan of the group column.
  public func complete(_ round: RoundCommit, assigned: UInt64, of grouping: GroupingRecord) throws -> GroupingRecord {
    var record = try existing(grouping)
    try checkNeeds(of: record.definition)
    guard let pending = record.generations?.pending, pending.applied == round.applied, pending.digest == round.digest,
      pending.cursor >= record.rows, !round.isProvisional
    else {
      throw CohortError(.storeGeneration, "The next generation is not complete", place: "grouping \"\(grouping.name)\"")
    }
    try requireFeatures(ofRoundsOf: record)
    try note(round.departures, from: record.id)
    for column in [record.groupColumn, record.distanceColumn] { try removeChunks(of: column) }
    record.generations?.isSecondCurrent.toggle()
    record.generations?.pending = nil
    record.rows = pending.cursor
    record.groupCount += try put(round.groups, in: grouping.id)
    record.applied = round.applied
    record.provisional = round.applied
    record.engineState = round.engineState
    try put(record)
    let sizes = try reading.countMembers(of: record)
    for var group in try reading.groups(of: record.id) where group.size != sizes[group.id.rawValue] ?? 0 {
      group.size = sizes[group.id.rawValue] ?? 0
      try group.encode(in: record.id).withUnsafeBytes {
        try unsafe.put(tables.groups, GroupRecord.key(record.id, group.id), $0)
      }
    }
    try log(
      LogEvent.Round(
        grouping: record.id, applied: round.applied, provisional: false, assigned: assigned, events: round.events,
        state: round.digest))
    return record
  }

  /// The stored record of a grouping, if it is where whoever made a round took it to be: a round that was made on another
  /// state would be applied twice, or to what it does not fit.
  func existing(_ grouping: GroupingRecord) throws -> GroupingRecord {
    guard let record = try reading.grouping(grouping.id) else {
      throw CohortError.unknown("grouping", grouping.name, known: try reading.groupings().map(\.name))
    }
    guard record.isAsFar(as: grouping) else {
      throw CohortError(
        .storeGroupingMoved, "Another job has moved grouping \"\(grouping.name)\" on; nothing was changed",
        place: "grouping \"\(grouping.name)\"")
    }
    return record
  }

  func removeChunks(of column: Column) throws {
    var keys: [UInt64] = []
    try unsafe.walk(tables.columns, from: column.key(ofChunk: 0)) { key, _ in
      guard key >> 32 == UInt64(column.number) else { return false }
      keys.append(key)
      return true
    }
    for key in keys { try unsafe.delete(tables.columns, key) }
  }
}
