internal import CohortCore
internal import CohortStore

/// What the tables compute from a state of the store and use more than once while a statement runs: names by their numbers, and
/// what groups have in common.
final class DerivedValues {
  /// What the members of a group have in common.
  struct GroupStatistics {
    var size: UInt64 = 0
    /// Members that have a length.
    var measured: UInt64 = 0
    var lengthSum: UInt64 = 0
    var longest: UInt32 = 0
    var distanceSum = 0.0
  }

  /// Names that were read one by one.
  private var singleNames = 0
  private var sources: NameList?
  private var tasks: NameList?
  private var groupings: [GroupingRecord]?
  private var spaces: [EmbeddingSpace]?
  private var measures: [LengthMeasure]?
  private var snapshots: [SnapshotRecord]?
  private var maps: [MapRecord]?
  private var places: [UInt32: [MapPlace]] = [:]
  private var histograms: [(key: LengthHistogram.Key, rows: [LengthHistogram.Row])] = []
  private var members: [UInt64: [SnapshotGroup]] = [:]
  private var groups: [GroupingID: [GroupRecord]] = [:]
  private var statistics: [GroupingID: [UInt32: GroupStatistics]] = [:]
  private var labels: [GroupingID: [GroupID: String]] = [:]

  func removeAll() {
    singleNames = 0
    sources = nil
    tasks = nil
    (groupings, spaces, measures, snapshots, maps) = (nil, nil, nil, nil, nil)
    (places, histograms) = ([:], [])
    members = [:]
    groups = [:]
    statistics = [:]
    labels = [:]
  }

  /// Whether a name of a source or task is better looked up among all of them: a statement that asks for one sample reads one
  /// name, one that joins many reads all of them once.
  func wantsAllNames() -> Bool {
    singleNames += 1
    return singleNames > 32
  }

  /// The names of all sources by their numbers. Complexity: O(sources), once.
  func sources(_ transaction: borrowing ReadTransaction) throws -> NameList {
    if let sources { return sources }
    let made = NameList(try transaction.sources().map { ($0.id.rawValue, $0.name) })
    sources = made
    return made
  }

  /// The labels of all tasks by their numbers. Complexity: O(tasks), once.
  func tasks(_ transaction: borrowing ReadTransaction) throws -> NameList {
    if let tasks { return tasks }
    let made = NameList(try transaction.tasks().map { ($0.id.rawValue, $0.name) })
    tasks = made
    return made
  }

  /// All groupings. A join may begin a scan of them for each of its rows, so they are read once.
  func groupings(_ transaction: borrowing ReadTransaction) throws -> [GroupingRecord] {
    if let groupings { return groupings }
    let made = try transaction.groupings()
    groupings = made
    return made
  }

  /// All embedding spaces, read once.
  func spaces(_ transaction: borrowing ReadTransaction) throws -> [EmbeddingSpace] {
    if let spaces { return spaces }
    let made = try transaction.spaces()
    spaces = made
    return made
  }

  /// All further length measures, read once.
  func measures(_ transaction: borrowing ReadTransaction) throws -> [LengthMeasure] {
    if let measures { return measures }
    let made = try transaction.measures()
    measures = made
    return made
  }

  /// All snapshots, read once.
  func snapshots(_ transaction: borrowing ReadTransaction) throws -> [SnapshotRecord] {
    if let snapshots { return snapshots }
    let made = try transaction.snapshots()
    snapshots = made
    return made
  }

  /// All maps, read once.
  func maps(_ transaction: borrowing ReadTransaction) throws -> [MapRecord] {
    if let maps { return maps }
    let made = try transaction.maps()
    maps = made
    return made
  }

  /// The places of a map's samples that are not deleted, by ascending ids.
  /// - Complexity: O(places), once, and 24 bytes a place.
  func places(
    of map: MapRecord, _ session: TableSession, _ transaction: borrowing ReadTransaction
  ) throws -> [MapPlace] {
    if let known = places[map.id] { return known }
    let made = try transaction.livePlaces(of: map, session)
    places[map.id] = made
    return made
  }

  /// How many intervals of lengths are kept while a statement runs.
  private static let mostHistograms = 8

  /// Intervals of lengths of all groups of a grouping. Complexity: a pass over three columns, once for each of the last eight
  /// questions: a join may ask for one group after the other.
  func histogram(
    _ key: LengthHistogram.Key, _ session: TableSession, _ transaction: borrowing ReadTransaction
  ) throws -> [LengthHistogram.Row] {
    if let known = histograms.first(where: { $0.key.isSame(key) }) { return known.rows }
    var histogram = LengthHistogram(key)
    try histogram.count(session, transaction)
    if histograms.count == Self.mostHistograms { histograms.removeFirst() }
    let rows = histogram.rows
    histograms.append((key, rows))
    return rows
  }

  /// The groups of a snapshot in the order of their numbers, without where they lay; read once.
  func groups(
    of grouping: GroupingID, in snapshot: UInt32, _ transaction: borrowing ReadTransaction
  ) throws -> [SnapshotGroup] {
    let key = UInt64(snapshot) << 32 | UInt64(grouping.rawValue)
    if let known = members[key] { return known }
    let made = try transaction.groups(of: grouping, in: snapshot).map { group in
      var group = group
      group.geometry = .label("")
      return group
    }
    members[key] = made
    return made
  }

  /// The groups of a grouping in the order of their numbers, without what only engines read. Read once, however many cursors
  /// want them: a centroid each is much for many groups.
  func groups(of grouping: GroupingID, _ transaction: borrowing ReadTransaction) throws -> [GroupRecord] {
    if let known = groups[grouping] { return known }
    let made = try transaction.groups(of: grouping).map { group in
      var group = group
      group.engineState = []
      return group
    }
    groups[grouping] = made
    return made
  }

  /// The statistics of all groups of a grouping, by their numbers. Complexity: a scan of three columns, once.
  func statistics(
    of grouping: GroupingRecord, _ session: TableSession, _ transaction: borrowing ReadTransaction
  ) throws -> [UInt32: GroupStatistics] {
    if let known = statistics[grouping.id] { return known }
    var groups: [UInt32: GroupStatistics] = [:]
    let lengths = try transaction.groupLengths(of: grouping.definition)
    try transaction.forEachBlock(of: [grouping.groupColumn, grouping.distanceColumn, lengths.column]) { block in
      try session.checkStop()
      for row in 0..<block.count where !block.isDeleted(row) {
        let (group, length) = (block.uint32(0, row), block.uint32(2, row))
        guard group != GroupID.unassigned.rawValue else { continue }
        groups[group, default: GroupStatistics()].add(
          length: lengths.isLength(length) ? length : nil, distance: block.float32(1, row).magnitude)
      }
      return true
    }
    statistics[grouping.id] = groups
    return groups
  }

  /// Labels that somebody else makes for a grouping's groups, once.
  func labels(of grouping: GroupingRecord, _ make: (String) throws -> [GroupID: String]) throws -> [GroupID: String] {
    if let known = labels[grouping.id] { return known }
    let made = try make(grouping.name)
    labels[grouping.id] = made
    return made
  }
}

extension DerivedValues.GroupStatistics {
  fileprivate mutating func add(length: UInt32?, distance: Float) {
    size += 1
    if let length {
      measured += 1
      lengthSum += UInt64(length)
      longest = max(longest, length)
    }
    distanceSum += Double(distance)
  }
}

extension ReadTransaction {
  /// The places of a map's samples that are not deleted, by ascending ids.
  fileprivate func livePlaces(of map: MapRecord, _ session: TableSession) throws -> [MapPlace] {
    var places = try places(of: map)
    try session.checkStop()
    // They came in batches that ascend.
    places.sort { $0.id < $1.id }
    let rows = UInt64(Column.tombstone.rowsPerChunk)
    var known: (number: UInt64, chunk: ColumnChunk?)?
    try places.removeAll { place in
      let (number, row) = place.id.quotientAndRemainder(dividingBy: rows)
      if known?.number != number { known = (number, try chunk(.tombstone, of: place.id)) }
      guard let chunk = known?.chunk, Int(row) < chunk.count else { return false }
      return chunk.uint8(Int(row)) != 0
    }
    return places
  }
}
