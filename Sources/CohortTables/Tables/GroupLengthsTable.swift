internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// `group_lengths`: how many members of each group have a length in which interval, by every measure.
///
/// ```
/// grouping  group_id  measure  part      low  high  size
/// topics    126       default  response    4     8    37
/// ```
///
/// Intervals double, or have the width that is asked for. One pass over two columns a grouping, measure and part, where a join
/// of `assignments` and `lengths` takes a look-up a sample.
enum GroupLengthsTable: StoreTable {
  static let name = "group_lengths"
  static let declaration = """
    CREATE TABLE x(grouping TEXT NOT NULL, group_id INTEGER NOT NULL, measure TEXT NOT NULL, part TEXT NOT NULL, \
    low INTEGER NOT NULL, high INTEGER, size INTEGER, width INTEGER HIDDEN, \
    PRIMARY KEY(grouping, measure, part, group_id, low)) WITHOUT ROWID
    """
  static let integers: Set = [group, width]
  static let texts: Set = [grouping, measure, part]

  static let (grouping, group, measure, part) = (0, 1, 2, 3)
  static let (low, high, size, width) = (4, 5, 6, 7)

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    if plan.takeEqual(width) == .nothing, plan.hasEqual(width) { return plan.refuse() }
    var passes = 1.0
    var fixed: Set = [width]
    for (column, count) in [(grouping, statistics.groupings), (measure, 2), (part, 3)] {
      switch plan.takeEqual(column, list: true) {
      case .one: fixed.insert(column)
      case .several: passes *= max(count / 2, 1)
      case .nothing: passes *= count
      }
    }
    // A pass is made once a statement.
    let groups = plan.takeEqual(group, list: true) == .nothing ? StoreStatistics.groups : 1
    plan.set(cost: 5 + passes * (10 + statistics.samples * 0.02 + groups * 8), rows: passes * groups * 8)
    if fixed.count == 4 { plan.setOrdered(by: [group, low], fixed: fixed) }
  }

  static func scan(_ session: TableSession) -> Scan { GroupLengthsScan(session) }
}

private final class GroupLengthsScan: RowScan {
  private typealias Table = GroupLengthsTable
  private var keys: [LengthHistogram.Key] = []
  private var wanted = IntegerFilter()
  private var width: UInt32?
  private var current = -1
  private var rows: [LengthHistogram.Row] = []
  private let text = KeptBytes()

  override var columnCount: Int { Table.width + 1 }

  override func begin(_ arguments: ScanArguments) throws {
    (keys, current, rows, width) = ([], -1, [], nil)
    wanted = arguments.integers(Table.group)
    if let given = arguments.value(Table.width), given.kind != COHORT_SQL_NULL {
      guard let number = arguments.integers(Table.width).single, let width = UInt32(exactly: number), width > 0 else {
        throw CohortError.argument("width", "it is no number from 1 to \(UInt32.max)")
      }
      self.width = width
    }
    func isWanted(_ name: String, _ column: Int) -> Bool {
      arguments.texts(column)?.contains(Array(name.utf8)) != false
    }
    try session.read { transaction in
      let measures: [LengthMeasure?] = [nil] + (try session.derived.measures(transaction))
      for grouping in try session.derived.groupings(transaction) where isWanted(grouping.name, Table.grouping) {
        for measure in measures where isWanted(measure?.name ?? SampleLengths.ownMeasure, Table.measure) {
          for part in [GroupingDefinition.LengthPart.prompt, .response, .total] where isWanted(part.name, Table.part) {
            keys.append(LengthHistogram.Key(grouping: grouping, measure: measure, part: part, width: width))
          }
        }
      }
    }
  }

  override func nextPart() throws -> Int? {
    current += 1
    guard current < keys.count else { return nil }
    let all = try session.read { try session.derived.histogram(keys[current], session, $0) }
    rows = wanted.isAnything ? all : all.filter { wanted.contains($0.group) }
    return rows.count
  }

  override func value(_ column: Int, row: Int) -> cohort_sql_value {
    let (key, found) = (keys[current], rows[row])
    switch column {
    case Table.grouping: return kept(key.grouping.name)
    case Table.group: return .integer(found.group)
    case Table.measure: return kept(key.measure?.name ?? SampleLengths.ownMeasure)
    case Table.part: return kept(key.part.name)
    case Table.low: return .integer(found.low)
    case Table.high: return found.high.map { .integer($0) } ?? .null
    case Table.size: return .integer(found.size)
    default: return width.map { .integer($0) } ?? .null
    }
  }

  private func kept(_ text: String) -> cohort_sql_value {
    self.text.set(text: text)
    return self.text.value
  }
}
