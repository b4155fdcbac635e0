internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// `assignments`: the group of each sample in every grouping. Samples that are deleted, or have no group, are not in it.
enum AssignmentsTable: StoreTable {
  static let name = "assignments"
  static let declaration = """
    CREATE TABLE x(grouping TEXT NOT NULL, id INTEGER NOT NULL, group_id INTEGER, distance REAL, provisional INTEGER, \
    PRIMARY KEY(grouping, id)) WITHOUT ROWID
    """
  static let integers: Set = [id, group]
  static let texts: Set = [grouping]

  static let (grouping, id, group, distance, provisional) = (0, 1, 2, 3, 4)

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    let byGroup = plan.takeEqual(group, list: true)
    let taken = plan.takeEqual(grouping, list: true)
    let parts = taken == .one ? 1 : taken == .several ? max(statistics.groupings / 2, 1) : statistics.groupings
    switch plan.takeEqual(id, list: true) {
    case .one: plan.set(cost: 5 + parts * 3, rows: parts, isUnique: taken == .one)
    case .several: plan.set(cost: 5 + StoreStatistics.listed * parts * 3, rows: StoreStatistics.listed * parts)
    case .nothing:
      var rows = statistics.samples * parts
      for _ in 0..<plan.takeRange(id) { rows /= 4 }
      // The numbers of groups are looked at in any case, which is quicker than giving a row.
      let looked = byGroup == .nothing ? 0 : rows * 0.05
      if byGroup != .nothing { rows /= StoreStatistics.groups }
      if byGroup == .several { rows *= StoreStatistics.listed / 2 }
      plan.set(cost: 5 + looked + rows, rows: rows)
    }
    if taken == .one { plan.setOrdered(by: [id], fixed: byGroup == .one ? [grouping, group] : [grouping]) }
  }

  static func scan(_ session: TableSession) -> Scan { AssignmentsScan(session) }
}

private final class AssignmentsScan: BlockScan {
  private typealias Table = AssignmentsTable
  private var groupings: [GroupingRecord] = []
  private var groups: [UInt32]?
  private let name = KeptBytes()

  override var idColumn: Int { Table.id }

  override func countParts(_ arguments: ScanArguments, _ transaction: borrowing ReadTransaction) throws -> Int {
    let names = arguments.texts(Table.grouping)
    groups = arguments.integers(Table.group).words?.filter { $0 != GroupID.unassigned.rawValue }
    groupings = try session.derived.groupings(transaction).filter { names?.contains(Array($0.name.utf8)) != false }
    return groups?.isEmpty == true ? 0 : groupings.count
  }

  override func select(
    _ rows: UnsafeMutablePointer<UInt16>, _ count: Int, _ transaction: borrowing ReadTransaction
  ) throws -> Int {
    let values = try data(groupings[part].groupColumn, slot: Table.group, transaction)
    let kept =
      groups.map { cohort_sql_keep_words(values, $0, Int64($0.count), rows, Int64(count)) }
      ?? cohort_sql_keep_words_but(values, GroupID.unassigned.rawValue, rows, Int64(count))
    return try keepLive(rows, Int(kept), transaction)
  }

  override func describe(_ batch: UnsafeBatch) throws {
    name.set(text: groupings[part].name)
    batch.setSame(Table.grouping, name.value)
    batch.setCounted(Table.id, from: block.lowerBound)
    batch.set(Table.group, COHORT_SQL_WORDS, try data(groupings[part].groupColumn, slot: Table.group))
    // What looks at no vectors has no distances.
    if groupings[part].definition.space == nil { batch.setSame(Table.distance, .null) }
  }

  override func load(_ column: Int, _ batch: UnsafeBatch) throws {
    let distances = try data(groupings[part].distanceColumn, slot: Table.distance)
    batch.set(column, column == Table.distance ? COHORT_SQL_MAGNITUDES : COHORT_SQL_SIGNS, distances)
  }
}
