internal import CSQLiteTables
internal import CohortCore
internal import CohortStore
internal import CohortSystem

/// A virtual table: its columns, which conditions it can look at itself, and its cursors.
protocol StoreTable {
  /// As statements call it.
  static var name: String { get }
  /// `CREATE TABLE x(…)`; the order of the columns is that of their numbers.
  static var declaration: String { get }
  /// The column that is the number of a row; nil for tables with a primary key of other columns.
  static var rowID: Int? { get }
  /// Columns whose values are compared as integers, and as texts.
  static var integers: Set<Int> { get }
  static var texts: Set<Int> { get }

  /// Chooses among the conditions, and says what the scan costs.
  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws
  /// A cursor that has not begun.
  static func scan(_ session: TableSession) -> Scan
}

extension StoreTable {
  static var rowID: Int? { nil }
}

/// What the costs of scans are reckoned from.
struct StoreStatistics {
  var samples: Double
  var groupings: Double

  /// Groups of a grouping, where nobody has counted them.
  static let groups = 100.0
  /// Values of a list, where nobody has counted them: SQLite's own guess.
  static let listed = 25.0

  init(_ session: TableSession) throws {
    (samples, groupings) = try session.readBriefly {
      (Double(max(try $0.counters.nextSample, 1)), Double(max(try $0.groupings().count, 1)))
    }
  }
}

/// The tables of a store.
enum StoreTables {
  static var all: [any StoreTable.Type] {
    [
      SamplesTable.self, LengthsTable.self, AssignmentsTable.self, GroupsTable.self, MembersTable.self,
      EmbeddingsTable.self, GroupLengthsTable.self, PlacesTable.self, StepsTable.self, NearestTable.self,
      SearchTable.self, StateTable.self,
    ]
  }

  /// The declarations as C strings, by the tables' names. Guard: made once, never freed.
  nonisolated(unsafe) static let declarations: [String: UnsafePointer<CChar>] = {
    var texts: [String: UnsafePointer<CChar>] = [:]
    for table in all { texts[table.name] = strdup(table.declaration).map { UnsafePointer($0) } }
    return texts
  }()
}
