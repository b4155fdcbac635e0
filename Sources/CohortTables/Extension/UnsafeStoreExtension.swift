internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// The tables for programs that load Cohort's library into their SQLite: `SELECT cohort_open('path')` gives a connection the
/// tables of a store, `CREATE VIRTUAL TABLE samples USING cohort('path')` writes one of them into a database file. Stores are
/// opened for reading only.
package final class StoreExtension {
  /// Views may use the tables: what they can do is read.
  private static let trust = TableRegistration.Trust.everybody
  /// Looks at whether the connection was interrupted cost a statement of SQLite: so few of them.
  private static let patience = 32

  private let connection: OpaquePointer
  /// One for each store, whatever its tables are called, so that a statement sees one state of it.
  private var sessions: [String: TableSession] = [:]
  private var hasFunctions = false

  private init(_ connection: OpaquePointer) { self.connection = connection }

  /// What SQLite calls when it loads the library.
  /// - Parameters:
  ///   - connection: `sqlite3 *`.
  ///   - message: gets what went wrong.
  ///   - routines: `const sqlite3_api_routines *`.
  /// - Returns: SQLite's result code.
  package static func load(
    _ connection: OpaquePointer?, _ message: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
    _ routines: OpaquePointer?
  ) -> Int32 {
    guard let connection, let routines else { return 1 }
    do {
      try TableRegistration.use(routines)
      try StoreExtension(connection).add()
      return cohort_sql_stay_loaded()
    } catch {
      cohort_sql_explain(message, "\(error)")
      return 1
    }
  }

  private func add() throws {
    let trust = Self.trust
    try TableRegistration.addPlainFunctions(
      to: connection, trust: trust, nil,
      mustStop: { context in context.map { cohort_sql_is_interrupted(OpaquePointer($0)) } ?? 0 },
      UnsafeMutableRawPointer(connection))
    let open = FunctionHost.Definition(name: "cohort_open", arguments: -1) { [self] arguments, result in
      result.set(text: try self.open(arguments))
      return result.value
    }
    // Only who types it may open a store: a view of a file that came from somewhere may not.
    try TableRegistration.check(
      FunctionHost.add(open, isConstant: false, to: connection, trust: COHORT_SQL_DIRECT, nil), "function cohort_open")
    var maker = cohort_sql_maker()
    maker.make = { context, name, arguments, count, description, table, error in
      guard let context, let description, let table else { return 1 }
      let this = Unmanaged<StoreExtension>.fromOpaque(context).takeUnretainedValue()
      return TableHost.answer(nil, error) {
        let words = (0..<Int(count)).map { index in arguments?[index].map { String(cString: $0) } ?? "" }
        let host = try this.host(of: words, named: name.map { String(cString: $0) } ?? "")
        description.pointee = TableRegistration.description(of: host.table, StoreExtension.trust)
        table.pointee = Unmanaged.passRetained(host).toOpaque()
      }
    }
    maker.release = { context in
      if let context { Unmanaged<StoreExtension>.fromOpaque(context).release() }
    }
    let code = "cohort".withCString { name in
      maker.module = name
      return cohort_sql_add_maker(connection, &maker, TableHost.functions, Unmanaged.passRetained(self).toOpaque())
    }
    try TableRegistration.check(code, "module cohort")
  }

  /// The session of a store, which is opened when it is asked for first.
  private func session(of path: String) throws -> TableSession {
    if let known = sessions[path] { return known }
    let session = TableSession(try Store.open(at: path), isForOneStatement: false)
    let connection = connection
    var asked = 0
    session.mustStop = {
      asked += 1
      return asked % Self.patience == 0 && cohort_sql_is_interrupted(connection) != 0
    }
    if !hasFunctions {
      try TableRegistration.addFunctions(to: connection, session, Self.trust)
      hasFunctions = true
    }
    sessions[path] = session
    return session
  }

  /// `cohort_open(path)`, or `cohort_open(path, prefix)` for tables whose names begin with a prefix.
  /// - Returns: the names of the tables.
  private func open(_ arguments: UnsafeBufferPointer<cohort_sql_value>) throws -> String {
    guard (1...2).contains(arguments.count), let path = arguments.first?.text,
      let prefix = arguments.count == 2 ? arguments[1].text : ""
    else { throw CohortError.argument("cohort_open", "it takes the path of a store, and perhaps a prefix") }
    let letters = prefix.utf8
    guard letters.count <= 64,
      letters.allSatisfy({ $0 == 0x5f || (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) })
    else { throw CohortError.argument("prefix", "it may have small letters, digits and _") }
    let session = try session(of: path)
    try TableRegistration.addTables(to: connection, session, trust: Self.trust, prefix: prefix)
    return StoreTables.all.map { prefix + $0.name }.joined(separator: " ")
  }

  /// What a table by CREATE VIRTUAL TABLE is: `cohort('path')`, called like one of the store's, or `cohort('path', 'samples')`.
  private func host(of words: [String], named name: String) throws -> TableHost {
    guard (1...2).contains(words.count) else {
      throw CohortError(
        .tablesArgument,
        "A table of module cohort takes the path of a store, and perhaps the name of one of its tables",
        hint: "CREATE VIRTUAL TABLE samples USING cohort('path')")
    }
    let wanted = words.count == 2 ? words[1] : name
    guard let table = StoreTables.all.first(where: { $0.name == wanted }) else {
      throw CohortError(
        .tablesArgument, "A store has no table \"\(wanted)\"",
        hint: "There are \(StoreTables.all.map { $0.name }.joined(separator: ", ")): USING cohort('path', 'samples')")
    }
    return TableHost(try session(of: words[0]), table)
  }
}
