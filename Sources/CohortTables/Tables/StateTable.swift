internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// `store_state`: one row, which says what state of the store the statement sees.
enum StateTable: StoreTable {
  static let name = "store_state"
  static let declaration = """
    CREATE TABLE x(sequence INTEGER NOT NULL, store TEXT, samples INTEGER, deleted INTEGER, live INTEGER, \
    quarantined INTEGER, PRIMARY KEY(sequence)) WITHOUT ROWID
    """
  static let integers: Set<Int> = []
  static let texts: Set<Int> = []

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    plan.set(cost: 1, rows: 1, isUnique: true)
  }

  static func scan(_ session: TableSession) -> Scan { StateScan(session) }
}

private final class StateScan: RowScan {
  private var isDone = false
  private let text = KeptBytes()

  override var columnCount: Int { 6 }

  override func begin(_ arguments: ScanArguments) { isDone = false }

  override func nextPart() -> Int? {
    defer { isDone = true }
    return isDone ? nil : 1
  }

  override func value(_ column: Int, row: Int) throws -> cohort_sql_value {
    let counters = try session.read { try $0.counters }
    switch column {
    case 0: return .integer(counters.lastSequence.rawValue)
    case 1:
      text.set(text: "\(session.store.id)")
      return text.value
    case 2: return .integer(counters.nextSample)
    case 3: return .integer(counters.deleted)
    case 4: return .integer(counters.live)
    default: return .integer(counters.quarantined)
    }
  }
}
