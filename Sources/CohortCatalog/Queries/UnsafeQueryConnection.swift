internal import CSQLiteGuard
internal import CohortCore
internal import CohortTables
internal import GRDB
internal import GRDBSQLite

/// A connection of SQLite for one query, with everything taken from it that reading tables has no need of. The handle is
/// GRDB's and must outlive this value.
struct UnsafeQueryConnection: ~Copyable {
  let handle: OpaquePointer
  let watch: QueryWatch
  let limits: QueryLimits
  let path: String
  /// The store's tables; nil for those of the catalog alone.
  let session: TableSession?

  init(
    _ handle: OpaquePointer, watch: QueryWatch, limits: QueryLimits, path: String, tables session: TableSession?
  ) throws {
    self.handle = handle
    self.watch = watch
    self.limits = limits
    self.path = path
    self.session = session
    // Sorting and materialising stay in memory, where they are counted, and out of files.
    for setting in ["PRAGMA query_only = 1", "PRAGMA temp_store = MEMORY", "PRAGMA mmap_size = 0"] {
      try check(sqlite3_exec(handle, setting, nil, nil, nil))
    }
    try check(cohort_sqlite_harden(handle))
    try check(UnsafeLikeFunction.install(on: handle, watch))
    try dropModules()
    for limit in StatementLimit.all { sqlite3_limit(handle, limit.category, limit.value) }
    if let session {
      session.mustStop = { watch.mustStop() }
      try SearchIndex.routines.get()
      try TableRegistration.add(to: handle, session, trust: .statements)
    }
    let context = Unmanaged.passUnretained(watch).toOpaque()
    try check(
      sqlite3_set_authorizer(
        handle,
        { context, action, first, second, _, _ in
          guard let context else { return SQLITE_DENY }
          let watch = Unmanaged<QueryWatch>.fromOpaque(context).takeUnretainedValue()
          return watch.isAllowed(
            action, first: first.map { String(cString: $0) }, second: second.map { String(cString: $0) })
            ? SQLITE_OK : SQLITE_DENY
        }, context))
    sqlite3_progress_handler(
      handle, Self.patience,
      { context in
        guard let context else { return 1 }
        return Unmanaged<QueryWatch>.fromOpaque(context).takeUnretainedValue().mustStop() ? 1 : 0
      }, context)
    guard watch.beginCounting() else {
      throw CohortError(
        .catalogFailed, "SQLite was in use before its memory could be watched", place: path,
        hint: "Start the program without libraries that use SQLite by themselves")
    }
  }

  deinit {
    watch.endCounting()
    sqlite3_progress_handler(handle, 0, nil, nil)
    sqlite3_set_authorizer(handle, nil, nil)
    // LIKE stays with the connection, and the next one who uses it has another watch, or none yet.
    _ = UnsafeLikeFunction.install(on: handle, nil)
  }

  /// Takes all virtual tables away but the two for JSON. Those are made once here, because SQLite asks the authorizer
  /// whether it may declare them.
  private func dropModules() throws {
    try "json_each".withCString { first in
      try "json_tree".withCString { second in
        var keep: [UnsafePointer<CChar>?] = [first, second, nil]
        try check(sqlite3_drop_modules(handle, &keep))
      }
    }
    try check(sqlite3_exec(handle, "SELECT 1 FROM json_each('[]'), json_tree('[]')", nil, nil, nil))
  }

  /// Instructions of SQLite's machine between two looks at the clock.
  private static let patience: CInt = 200

  /// Runs one statement to its end, and hands its rows over as they come.
  func run(_ sql: String, _ arguments: QueryArguments, _ answer: AnswerReceiver) throws {
    let statement = try prepare(sql, answer.mistake)
    defer { sqlite3_finalize(statement) }
    watch.sort = try sorting(sql, statement)
    watch.beginRunning()
    try bind(arguments.values(for: Self.parameters(of: statement)), to: statement)
    try handOver(statement, answer)
  }

  /// Hands over the rows of a statement that is ready.
  private func handOver(_ statement: OpaquePointer, _ answer: AnswerReceiver) throws {
    let columns = (0..<sqlite3_column_count(statement)).map { index in
      sqlite3_column_name(statement, index).map { String(cString: $0) } ?? ""
    }
    try answer.columns(columns)
    var size = AnswerSize(columns)
    var rows = 0
    while try hasRow(statement) {
      // A statement without loops never calls the progress handler.
      if watch.mustStop() { throw failure(SQLITE_INTERRUPT) }
      guard rows < limits.rows else { throw CohortError.tooManyRows(limits.rows) }
      var row: [CatalogValue] = []
      row.reserveCapacity(columns.count)
      for index in columns.indices { row.append(Self.value(statement, CInt(index))) }
      size.add(row)
      guard size.bytes <= limits.bytes else { throw CohortError.tooManyBytes(limits.bytes) }
      try answer.row(row)
      rows += 1
    }
  }

  /// What a statement sorts, from the program that it is compiled to.
  private func sorting(_ sql: String, _ statement: OpaquePointer) throws -> SortEstimate? {
    guard sqlite3_stmt_isexplain(statement) == 0 else { return nil }
    var estimate: SortEstimate?
    var explained: OpaquePointer?
    let code = sqlite3_prepare_v2(handle, StatementLimit.explaining + sql, -1, &explained, nil)
    guard code == SQLITE_OK else { throw failure(code) }
    defer { sqlite3_finalize(explained) }
    while try hasRow(explained) {
      guard Self.text(explained, 1) == "SorterOpen" else { continue }
      // `k(2,B,NOCASE)`: how many columns are compared, and how each of them.
      let key = Self.text(explained, 5)
      let keys = Int(key.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? Int(StatementLimit.columns)
      estimate = SortEstimate(
        keys: max(estimate?.keys ?? 1, keys),
        hasCollation: estimate?.hasCollation == true || key.contains("NOCASE") || key.contains("RTRIM"))
    }
    return estimate
  }

  /// Goes on to the next row of a statement. - Returns: false behind the last one.
  private func hasRow(_ statement: OpaquePointer?) throws -> Bool {
    let code = sqlite3_step(statement)
    guard code == SQLITE_ROW || code == SQLITE_DONE else { throw failure(code) }
    return code == SQLITE_ROW
  }

  /// The parameters of a statement that is allowed, in their order: without the sign before the name, nil for `?`.
  func parameters(of sql: String) throws -> [String?] {
    let statement = try prepare(sql) { _ in }
    defer { sqlite3_finalize(statement) }
    return Self.parameters(of: statement)
  }

  private static func parameters(of statement: OpaquePointer) -> [String?] {
    (0..<sqlite3_bind_parameter_count(statement)).map { index in
      sqlite3_bind_parameter_name(statement, index + 1).flatMap { name in
        let text = String(cString: name)
        // `?3` is a place, not a name.
        return text.hasPrefix("?") ? nil : String(text.dropFirst())
      }
    }
  }

  /// - Parameter mistake: told where the statement is wrong.
  private func prepare(_ sql: String, _ mistake: (Int) -> Void) throws -> OpaquePointer {
    var sql = sql
    return try sql.withUTF8 { text in
      guard text.count <= QueryLimits.statementBytes else {
        throw CohortError.refused("it is longer than \(QueryLimits.statementBytes) bytes")
      }
      guard !text.contains(0) else { throw CohortError.refused("it holds a NUL character") }
      return try text.withMemoryRebound(to: CChar.self) { text in
        guard let start = text.baseAddress else { throw CohortError.refused("there is no statement") }
        var tail: UnsafePointer<CChar>?
        guard let statement = try compile(start, text.count, &tail, mistake) else {
          throw CohortError.refused("there is no statement")
        }
        do {
          // Behind the first statement there may be white space and comments only.
          var rest = tail.map { text.count - ($0 - start) } ?? 0
          while rest > 0, let next = tail {
            if let second = try? compile(next, rest, &tail, { _ in }) {
              sqlite3_finalize(second)
              throw CohortError.refused("it is more than one")
            } else if sqlite3_errcode(handle) != SQLITE_OK {
              throw CohortError.refused("it is more than one")
            }
            guard let after = tail, after > next else { break }
            rest = text.count - (after - start)
          }
          guard sqlite3_stmt_readonly(statement) != 0 else { throw CohortError.refused("it does more than read") }
          guard sqlite3_column_count(statement) > 0 else { throw CohortError.refused("it reads nothing") }
        } catch {
          sqlite3_finalize(statement)
          throw error
        }
        return statement
      }
    }
  }

  /// - Returns: nil where there is white space or a comment only.
  private func compile(
    _ text: UnsafePointer<CChar>, _ count: Int, _ tail: inout UnsafePointer<CChar>?, _ mistake: (Int) -> Void
  ) throws -> OpaquePointer? {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v2(handle, text, CInt(count), &statement, &tail)
    guard code == SQLITE_OK else {
      let offset = Int(sqlite3_error_offset(handle))
      if offset >= 0 { mistake(offset) }
      throw failure(code)
    }
    return statement
  }

  private func bind(_ arguments: [CatalogValue], to statement: OpaquePointer) throws {
    let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    for (index, argument) in arguments.enumerated() {
      let place = CInt(index + 1)
      switch argument {
      case .null: try check(sqlite3_bind_null(statement, place))
      case .integer(let value): try check(sqlite3_bind_int64(statement, place, value))
      case .real(let value): try check(sqlite3_bind_double(statement, place, value))
      case .text(var value):
        try check(
          value.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) {
              sqlite3_bind_text(statement, place, $0.baseAddress, CInt(clamping: $0.count), transient)
            }
          })
      case .blob(let value):
        try check(
          value.isEmpty
            ? sqlite3_bind_zeroblob(statement, place, 0)
            : value.withUnsafeBytes {
              sqlite3_bind_blob(statement, place, $0.baseAddress, CInt(clamping: $0.count), transient)
            })
      }
    }
  }

  private static func value(_ statement: OpaquePointer, _ index: CInt) -> CatalogValue {
    switch sqlite3_column_type(statement, index) {
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, index))
    case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, index))
    case SQLITE_TEXT: return .text(text(statement, index))
    case SQLITE_BLOB:
      let blob = sqlite3_column_blob(statement, index)
      let count = Int(sqlite3_column_bytes(statement, index))
      return .blob([UInt8](UnsafeRawBufferPointer(start: blob, count: count)))
    default: return .null
    }
  }

  private static func text(_ statement: OpaquePointer?, _ index: CInt) -> String {
    let text = sqlite3_column_text(statement, index)
    let count = Int(sqlite3_column_bytes(statement, index))
    return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
  }
}
