internal import CSQLiteTables
internal import CohortCore

/// Adds the tables and functions of a store to a connection of SQLite.
package enum TableRegistration {
  /// Gives the routines of SQLite, as SQLite hands them to extensions (`sqlite3_api_routines`). First of all.
  /// - Throws: `tables.refused` where the process has another copy of SQLite already, or one that is too old.
  package static func use(_ routines: OpaquePointer) throws {
    switch cohort_sql_use(routines) {
    case 0: return
    case 1:
      throw CohortError(
        .tablesRefused, "Another copy of SQLite in this process uses the tables already",
        hint: "Use one copy of SQLite in a process")
    default:
      throw CohortError(.tablesRefused, "This release of SQLite is too old", hint: "3.26 or a later one is needed")
    }
  }

  /// Who may use the tables besides statements themselves.
  package enum Trust: Sendable {
    /// Nobody: views and triggers of a file may come from anywhere.
    case statements
    /// Views and triggers, too: for a store that can only be read.
    case everybody

    var code: cohort_sql_trust { self == .statements ? COHORT_SQL_DIRECT : COHORT_SQL_ANYWHERE }
  }

  /// The names of the tables, in alphabetical order.
  package static var tables: [String] { StoreTables.all.map { $0.name }.sorted() }
  /// The names of the functions, in alphabetical order.
  package static var functions: [String] {
    ["centroid", "cosine", "embed", "regexp", "vector_from_json", "vector_to_json"]
  }

  /// Each table with its columns as SQL declares them, for people.
  package static var declarations: [(name: String, columns: String)] {
    StoreTables.all.map { table in
      let text = table.declaration.drop { $0 != "(" }
      return (table.name, String(text))
    }
  }

  /// Adds all tables and functions. They keep the session until the connection is closed.
  /// - Parameters:
  ///   - connection: a handle of the SQLite whose routines were given.
  ///   - prefix: what the tables' names begin with.
  /// - Throws: `tables.refused`.
  package static func add(
    to connection: OpaquePointer, _ session: TableSession, trust: Trust, prefix: String = ""
  ) throws {
    try addTables(to: connection, session, trust: trust, prefix: prefix)
    // The tables keep the session as long as the connection has its functions.
    try addPlainFunctions(
      to: connection, trust: trust, session,
      mustStop: { context in
        guard let context else { return 0 }
        return Unmanaged<TableSession>.fromOpaque(context).takeUnretainedValue().mustStop() ? 1 : 0
      }, Unmanaged.passUnretained(session).toOpaque())
    try addFunctions(to: connection, session, trust)
    // Declared now: a statement need not do it, which may not be allowed to. Tables with arguments that must be there cannot be
    // planned without them; they are declared by then all the same.
    for table in StoreTables.all { _ = cohort_sql_touch(connection, prefix + table.name) }
    session.failure = nil
  }

  static func addTables(
    to connection: OpaquePointer, _ session: TableSession, trust: Trust, prefix: String
  ) throws {
    session.valueLimit = Int(cohort_sql_value_limit(connection))
    for table in StoreTables.all {
      try check(add(table, named: prefix + table.name, to: connection, session, trust), "table \(table.name)")
    }
  }

  /// Adds the functions that need no store.
  /// - Parameter mustStop: asked now and then during long work, with `context`.
  static func addPlainFunctions(
    to connection: OpaquePointer, trust: Trust, _ session: TableSession?,
    mustStop: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Int32, _ context: UnsafeMutableRawPointer
  ) throws {
    let code = cohort_sql_add_functions(connection, Int32(trust.code.rawValue), mustStop, context)
    try check(code, "function cosine")
    for function in FunctionHost.plain {
      try check(
        FunctionHost.add(function, to: connection, trust: trust.code, session), "function \(function.name)")
    }
  }

  /// Adds the functions that ask a store.
  static func addFunctions(to connection: OpaquePointer, _ session: TableSession, _ trust: Trust) throws {
    for function in FunctionHost.functions(of: session) {
      try check(
        FunctionHost.add(function, to: connection, trust: trust.code, session), "function \(function.name)")
    }
  }

  private static func add(
    _ table: any StoreTable.Type, named name: String, to connection: OpaquePointer, _ session: TableSession,
    _ trust: Trust
  ) -> Int32 {
    name.withCString { name in
      var description = TableRegistration.description(of: table, trust)
      description.name = name
      return cohort_sql_add_table(
        connection, &description, TableHost.functions,
        Unmanaged.passRetained(TableHost(session, table)).toOpaque())
    }
  }

  static func description(of table: any StoreTable.Type, _ trust: Trust) -> cohort_sql_description {
    var description = cohort_sql_description()
    description.declaration = StoreTables.declarations[table.name]
    description.row_id = Int32(table.rowID ?? -1)
    description.integers = table.integers.reduce(0) { $0 | 1 << UInt64($1) }
    description.texts = table.texts.reduce(0) { $0 | 1 << UInt64($1) }
    description.trust = Int32(trust.code.rawValue)
    return description
  }

  static func check(_ code: Int32, _ what: String) throws {
    guard code != 0 else { return }
    throw CohortError(.tablesRefused, "SQLite does not take the \(what)", cause: "result code \(code)")
  }
}
