internal import CSQLiteGuard
internal import CohortCore
internal import CohortTables
internal import GRDB
internal import GRDBSQLite

/// A connection of SQLite for one query, with everything taken from it that reading tables has no need of. The handle is
/// GRDB's and must outlive this value.
struct UnsafeQueryConnection: ~Copyable {
  private let handle: OpaquePointer
  private let watch: QueryWatch
  private let limits: QueryLimits
  private let path: String
  /// The store's tables; nil for those of the catalog alone.
  private let session: TableSession?

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
    for (category, value) in Self.parserLimits { sqlite3_limit(handle, category, value) }
    if let session {
      session.mustStop = { watch.mustStop() }
      try Self.routines.get()
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
      handle, 500,
      { context in
        guard let context else { return 1 }
        return Unmanaged<QueryWatch>.fromOpaque(context).takeUnretainedValue().mustStop() ? 1 : 0
      }, context)
  }

  deinit {
    sqlite3_progress_handler(handle, 0, nil, nil)
    sqlite3_set_authorizer(handle, nil, nil)
  }

  /// The routines of the SQLite that this program is linked with, given once.
  private static let routines = Result<Void, any Error> { try TableRegistration.use(cohort_sqlite_routines()) }

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

  /// What SQLite's parser and machine may grow to. Together with the list of functions they bound the time between two
  /// looks at the clock.
  private static let parserLimits: [(CInt, CInt)] = [
    (SQLITE_LIMIT_LENGTH, CInt(QueryLimits.valueBytes)), (SQLITE_LIMIT_SQL_LENGTH, CInt(QueryLimits.statementBytes)),
    (SQLITE_LIMIT_COLUMN, 200), (SQLITE_LIMIT_EXPR_DEPTH, 100), (SQLITE_LIMIT_COMPOUND_SELECT, 50),
    (SQLITE_LIMIT_VDBE_OP, 10_000), (SQLITE_LIMIT_FUNCTION_ARG, 64), (SQLITE_LIMIT_ATTACHED, 0),
    (SQLITE_LIMIT_VARIABLE_NUMBER, 1000), (SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    (SQLITE_LIMIT_WORKER_THREADS, 0),
  ]

  /// Runs one statement to its end.
  func run(_ sql: String, _ arguments: QueryArguments) throws -> CatalogResult {
    let statement = try prepare(sql)
    defer { sqlite3_finalize(statement) }
    try bind(arguments.values(for: Self.parameters(of: statement)), to: statement)
    let columns = (0..<sqlite3_column_count(statement)).map { index in
      sqlite3_column_name(statement, index).map { String(cString: $0) } ?? ""
    }
    var result = CatalogResult(columns: columns, rows: [])
    var bytes = 0
    while true {
      let code = sqlite3_step(statement)
      guard code == SQLITE_ROW else {
        guard code == SQLITE_DONE else { throw failure(code) }
        return result
      }
      // A statement without loops never calls the progress handler.
      if watch.mustStop() { throw failure(SQLITE_INTERRUPT) }
      guard result.rows.count < limits.rows else { throw CohortError.tooManyRows(limits.rows) }
      var row: [CatalogValue] = []
      row.reserveCapacity(columns.count)
      for index in columns.indices { row.append(Self.value(statement, CInt(index), &bytes)) }
      guard bytes <= limits.bytes else { throw CohortError.tooManyBytes(limits.bytes) }
      result.rows.append(row)
    }
  }

  /// The parameters of a statement that is allowed, in their order: without the sign before the name, nil for `?`.
  func parameters(of sql: String) throws -> [String?] {
    let statement = try prepare(sql)
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

  private func prepare(_ sql: String) throws -> OpaquePointer {
    var sql = sql
    return try sql.withUTF8 { text in
      guard text.count <= QueryLimits.statementBytes else {
        throw CohortError.refused("it is longer than \(QueryLimits.statementBytes) bytes")
      }
      guard !text.contains(0) else { throw CohortError.refused("it holds a NUL character") }
      return try text.withMemoryRebound(to: CChar.self) { text in
        guard let start = text.baseAddress else { throw CohortError.refused("there is no statement") }
        var tail: UnsafePointer<CChar>?
        guard let statement = try compile(start, text.count, &tail) else {
          throw CohortError.refused("there is no statement")
        }
        do {
          // Behind the first statement there may be white space and comments only.
          var rest = tail.map { text.count - ($0 - start) } ?? 0
          while rest > 0, let next = tail {
            if let second = try? compile(next, rest, &tail) {
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
    _ text: UnsafePointer<CChar>, _ count: Int, _ tail: inout UnsafePointer<CChar>?
  ) throws -> OpaquePointer? {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v2(handle, text, CInt(count), &statement, &tail)
    guard code == SQLITE_OK else { throw failure(code) }
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

  private static func value(_ statement: OpaquePointer, _ index: CInt, _ bytes: inout Int) -> CatalogValue {
    switch sqlite3_column_type(statement, index) {
    case SQLITE_INTEGER:
      bytes += 8
      return .integer(sqlite3_column_int64(statement, index))
    case SQLITE_FLOAT:
      bytes += 8
      return .real(sqlite3_column_double(statement, index))
    case SQLITE_TEXT:
      let text = sqlite3_column_text(statement, index)
      let count = Int(sqlite3_column_bytes(statement, index))
      bytes += count
      return .text(String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
    case SQLITE_BLOB:
      let blob = sqlite3_column_blob(statement, index)
      let count = Int(sqlite3_column_bytes(statement, index))
      bytes += count
      return .blob([UInt8](UnsafeRawBufferPointer(start: blob, count: count)))
    default:
      bytes += 8
      return .null
    }
  }

  private func check(_ code: CInt) throws {
    guard code == SQLITE_OK else { throw failure(code) }
  }

  /// What a result code means for whoever asked.
  private func failure(_ code: CInt) -> CohortError {
    let message = String(cString: sqlite3_errmsg(handle))
    // What a table of the store said; SQLite's message is the beginning of it.
    if let failure = session?.failure, message.hasPrefix("\(failure)".prefix(300)) { return failure }
    switch code & 0xff {
    case SQLITE_AUTH: return .refused(watch.refusal ?? message)
    case SQLITE_INTERRUPT, SQLITE_NOMEM: return .stopped(watch.stop ?? .memory, limits)
    case SQLITE_TOOBIG:
      return CohortError(
        .catalogTooBig, "The statement makes or reads a value of more than 512 KiB", cause: message,
        hint: "Take a part of it with substr")
    case SQLITE_ERROR, SQLITE_MISMATCH, SQLITE_RANGE:
      let offset = sqlite3_error_offset(handle)
      return CohortError(
        .catalogStatement, "The statement is not valid", place: offset >= 0 ? "byte \(offset)" : nil, cause: message,
        hint: "'cohort man catalog' describes the tables, and sqlite_schema holds them")
    default:
      return CohortError(DatabaseError(resultCode: ResultCode(rawValue: code), message: message), path: path)
    }
  }
}
