internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// `members`: which samples are in which group of a snapshot, whatever became of them since. Those that had no group have NULL.
enum MembersTable: StoreTable {
  static let name = "members"
  static let declaration = """
    CREATE TABLE x(snapshot TEXT NOT NULL, grouping TEXT NOT NULL, group_id INTEGER, id INTEGER NOT NULL, \
    PRIMARY KEY(snapshot, grouping, id)) WITHOUT ROWID
    """
  static let integers: Set = [group, id]
  static let texts: Set = [snapshot, grouping]

  static let (snapshot, grouping, group, id) = (0, 1, 2, 3)

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    var parts = 6.0
    let snapshots = plan.takeEqual(snapshot, list: true)
    if snapshots != .nothing { parts /= 3 }
    let groupings = plan.takeEqual(grouping, list: true)
    if groupings != .nothing { parts /= 2 }
    let share = plan.takeEqual(group, list: true) == .nothing ? 1 : StoreStatistics.groups
    switch plan.takeEqual(id, list: true) {
    // A sample is looked for in the group that it is in today first; where that is another one, all members are looked at.
    case .one: plan.set(cost: 10 + parts * 100, rows: parts, isUnique: snapshots == .one && groupings == .one)
    case .several:
      plan.set(cost: 10 + StoreStatistics.listed * parts * 100, rows: StoreStatistics.listed * parts)
    case .nothing: plan.set(cost: 10 + parts * statistics.samples / share, rows: parts * statistics.samples / share)
    }
  }

  static func scan(_ session: TableSession) -> Scan { MembersScan(session) }
}

private final class MembersScan: Scan {
  private typealias Table = MembersTable
  private static let batchRows: UInt64 = 4096

  /// Samples of a list that are looked for one by one; of more, all members are looked at.
  private static let mostLookedFor = 64

  private var parts: [(snapshot: SnapshotRecord, grouping: SnapshotGrouping)] = []
  private var part = -1
  private var wanted = IntegerFilter()
  private var wantedIDs = IntegerFilter()
  /// Runs of positions of the part that are still to come, each within a group.
  private var runs: ArraySlice<(group: GroupID, positions: Range<UInt64>)> = []
  private let ids = UnsafeMutablePointer<UInt64>.allocate(capacity: Int(batchRows))
  private let rows = UnsafeMutablePointer<UInt16>.allocate(capacity: Int(batchRows))
  private let snapshotName = KeptBytes()
  private let groupingName = KeptBytes()

  deinit {
    ids.deallocate()
    rows.deallocate()
  }

  override func begin(_ arguments: ScanArguments) throws {
    wanted = arguments.integers(Table.group)
    wantedIDs = arguments.integers(Table.id)
    let (snapshots, groupings) = (arguments.texts(Table.snapshot), arguments.texts(Table.grouping))
    (part, runs) = (-1, [])
    guard !wantedIDs.isEmpty else { return parts = [] }
    parts = try session.read { transaction in
      try session.derived.snapshots(transaction).filter { snapshots?.contains(Array($0.name.utf8)) != false }
        .flatMap { snapshot in
          snapshot.groupings.filter { groupings?.contains(Array($0.name.utf8)) != false }.map { (snapshot, $0) }
        }
    }
  }

  private func isWanted(_ group: GroupID) -> Bool {
    // Those without a group have no number that could be asked for.
    if wanted.isAnything { return true }
    return group != .unassigned && wanted.contains(group.rawValue)
  }

  override func advance(_ batch: UnsafeBatch) throws {
    while true {
      try session.checkStop()
      while runs.isEmpty {
        part += 1
        guard part < parts.count else { return }
        runs = try session.read { try findRuns($0) }[...]
        snapshotName.set(text: parts[part].snapshot.name)
        groupingName.set(text: parts[part].grouping.name)
      }
      if try read(batch) { return }
    }
  }

  /// The members of the part that are looked at.
  private func findRuns(
    _ transaction: borrowing ReadTransaction
  ) throws -> [(group: GroupID, positions: Range<UInt64>)] {
    let (snapshot, grouping) = parts[part]
    let groups = try session.derived.groups(of: grouping.id, in: snapshot.id, transaction)
    func run(_ group: SnapshotGroup) -> (group: GroupID, positions: Range<UInt64>) {
      (group.id, group.offset..<(group.offset + group.size))
    }
    let few =
      wantedIDs.single.map { [$0] } ?? wantedIDs.list.flatMap { $0.count <= Self.mostLookedFor ? Array($0) : nil }
    guard let few else { return groups.filter { isWanted($0.id) }.map(run) }
    let today = try session.derived.groupings(transaction).first { $0.id == grouping.id }
    var found: [(group: GroupID, positions: Range<UInt64>)] = []
    for number in few {
      try session.checkStop()
      guard let id = UInt64(exactly: number), try id < transaction.counters.nextSample else { continue }
      var likely: [GroupID] = [.unassigned]
      if let today { likely.insert(GroupID(try transaction.uint32(today.groupColumn, SampleID(id))), at: 0) }
      let places = likely.compactMap { id in groups.first { $0.id == id }.map { run($0).positions } }
      guard
        let position = try transaction.position(of: SampleID(id), of: grouping.id, in: snapshot, likely: places),
        let group = groups.last(where: { $0.offset <= position }), isWanted(group.id)
      else { continue }
      found.append((group.id, position..<(position + 1)))
    }
    return found
  }

  /// Reads the next rows of the first run.
  /// - Returns: whether some of them are wanted.
  private func read(_ batch: UnsafeBatch) throws -> Bool {
    let (group, positions) = runs[runs.startIndex]
    let (snapshot, grouping) = parts[part]
    let end = min(positions.lowerBound + Self.batchRows, positions.upperBound)
    let found = try session.read { try $0.ids(at: positions.lowerBound..<end, of: grouping.id, in: snapshot) }
    runs[runs.startIndex].positions = end..<positions.upperBound
    if end == positions.upperBound { runs = runs.dropFirst() }
    var count = 0
    for (index, id) in found.enumerated() {
      ids[index] = id.rawValue
      guard wantedIDs.contains(id.rawValue) else { continue }
      rows[count] = UInt16(truncatingIfNeeded: index)
      count += 1
    }
    guard count > 0 else { return false }
    batch.setRows(count, count == found.count ? nil : rows)
    batch.setSame(Table.snapshot, snapshotName.value)
    batch.setSame(Table.grouping, groupingName.value)
    batch.setSame(Table.group, group == .unassigned ? .null : .integer(group.rawValue))
    batch.set(Table.id, COHORT_SQL_LONGS, ids)
    return true
  }
}
