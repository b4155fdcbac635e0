internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// `groups`: every group that a grouping has or had.
enum GroupsTable: StoreTable {
  static let name = "groups"
  static let declaration = """
    CREATE TABLE x(grouping TEXT NOT NULL, group_id INTEGER NOT NULL, label TEXT, size INTEGER, radius REAL, \
    mean_length REAL, longest INTEGER, parent INTEGER, heir INTEGER, born INTEGER, state TEXT, \
    PRIMARY KEY(grouping, group_id)) WITHOUT ROWID
    """
  static let integers: Set = [group]
  static let texts: Set = [grouping]

  static let (grouping, group, label, size, radius) = (0, 1, 2, 3, 4)
  static let (meanLength, longest, parent, heir, born, state) = (5, 6, 7, 8, 9, 10)

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    // What all members have in common takes a scan of them, once a statement.
    let first = plan.reads(radius...longest) ? statistics.samples * 0.2 : 0
    let taken = plan.takeEqual(grouping, list: true)
    let parts = taken == .one ? 1 : taken == .several ? max(statistics.groupings / 2, 1) : statistics.groupings
    let rows = StoreStatistics.groups * parts
    switch plan.takeEqual(group, list: true) {
    case .one: plan.set(cost: 5 + parts * 10, rows: parts, isUnique: taken == .one)
    case .several: plan.set(cost: 5 + first + rows * 10, rows: StoreStatistics.listed * parts)
    case .nothing: plan.set(cost: 5 + first + rows * 10, rows: rows)
    }
    if taken == .one { plan.setOrdered(by: [group], fixed: [grouping]) }
  }

  static func scan(_ session: TableSession) -> Scan { GroupsScan(session) }
}

private final class GroupsScan: RowScan {
  private typealias Table = GroupsTable
  private var groupings: [GroupingRecord] = []
  private var wanted = IntegerFilter()
  private var part = -1
  private var groups: [GroupRecord] = []
  private let text = KeptBytes()

  override var columnCount: Int { Table.state + 1 }

  override func begin(_ arguments: ScanArguments) throws {
    wanted = arguments.integers(Table.group)
    let names = arguments.texts(Table.grouping)
    part = -1
    groupings = try session.read { transaction in
      try session.derived.groupings(transaction).filter { names?.contains(Array($0.name.utf8)) != false }
    }
  }

  override func nextPart() throws -> Int? {
    part += 1
    guard part < groupings.count else { return nil }
    let grouping = groupings[part].id
    groups = try session.read { transaction in
      // One is looked up; of many, all are read.
      guard let only = wanted.single else {
        let all = try session.derived.groups(of: grouping, transaction)
        return wanted.isAnything ? all : all.filter { wanted.contains($0.id.rawValue) }
      }
      guard let id = UInt32(exactly: only) else { return [] }
      return try transaction.group(GroupID(id), in: grouping).map { [$0] } ?? []
    }
    return groups.count
  }

  override func value(_ column: Int, row: Int) throws -> cohort_sql_value {
    let (grouping, group) = (groupings[part], groups[row])
    switch column {
    case Table.grouping: return kept(grouping.name)
    case Table.group: return .integer(group.id.rawValue)
    case Table.label: return try label(of: group, in: grouping).map(kept) ?? .null
    case Table.size: return .integer(group.size)
    case Table.parent: return group.parent.map { .integer($0.rawValue) } ?? .null
    case Table.heir: return group.heir.map { .integer($0.rawValue) } ?? .null
    case Table.born: return .integer(group.born)
    case Table.state: return kept(group.isOpen ? "open" : "closed")
    default: return try statistic(column, of: group, in: grouping)
    }
  }

  private func kept(_ text: String) -> cohort_sql_value {
    self.text.set(text: text)
    return self.text.value
  }

  private func label(of group: GroupRecord, in grouping: GroupingRecord) throws -> String? {
    if let text = group.geometry.text { return text }
    guard let make = session.services.labels else { return nil }
    return try session.derived.labels(of: grouping, make)[group.id]
  }

  /// NULL for a group without members, and a radius where there are no distances.
  private func statistic(
    _ column: Int, of group: GroupRecord, in grouping: GroupingRecord
  ) throws -> cohort_sql_value {
    let all = try session.read { try session.derived.statistics(of: grouping, session, $0) }
    guard let found = all[group.id.rawValue], found.size > 0 else { return .null }
    switch column {
    case Table.meanLength: return found.measured > 0 ? .real(Double(found.lengthSum) / Double(found.measured)) : .null
    case Table.longest: return found.measured > 0 ? .integer(found.longest) : .null
    default:
      return grouping.definition.space == nil ? .null : .real((found.distanceSum / Double(found.size)).squareRoot())
    }
  }
}
