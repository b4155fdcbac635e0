internal import CohortCore
internal import CohortSystem
package import CohortTables
internal import GRDB

/// A connection to a catalog's tables for one statement: to the file, or to a copy of them in memory. It keeps nobody from
/// writing the file.
public final class CatalogReader: Sendable {
  private let queue: DatabaseQueue
  private let path: String
  /// How often the catalog's tables had been made anew when this connection was opened.
  let edition: Int

  init(_ queue: DatabaseQueue, path: String, edition: Int) {
    (self.queue, self.path, self.edition) = (queue, path, edition)
  }

  /// Answers one statement that reads.
  ///
  /// The statement runs on a connection of its own that cannot write, open files, change settings or load code: whatever
  /// is not on the list of `QueryPermissions` is refused before it runs. It sees the catalog as of the last catching up.
  ///
  /// - Parameters:
  ///   - arguments: values for the parameters, by their order (`?`) or their names (`:name`).
  ///   - isCancelled: asked now and then while the statement runs; true ends it.
  /// - Throws: `catalog.refused` for anything but one reading statement; `catalog.statement` where SQLite does not
  ///   understand it; `catalog.deadline`, `catalog.row-limit`, `catalog.byte-limit`, `catalog.memory`, `catalog.too-big`,
  ///   `catalog.too-complex`; `catalog.cancelled`.
  public func query(
    _ sql: String, arguments: QueryArguments = [], limits: QueryLimits = QueryLimits(),
    isCancelled: () -> Bool = { false }
  ) throws -> CatalogResult {
    try query(sql, arguments: arguments, limits: limits, tables: nil, isCancelled: isCancelled)
  }

  /// The same with the tables of a store beside those of the catalog.
  /// - Parameter session: for this statement alone: it lets go of the state that it read.
  /// - Throws: also what reading the store throws.
  package func query(
    _ sql: String, arguments: QueryArguments = [], limits: QueryLimits = QueryLimits(), tables session: TableSession?,
    isCancelled: () -> Bool = { false }
  ) throws -> CatalogResult {
    var result = CatalogResult(columns: [], rows: [])
    try answer(
      sql, arguments: arguments, limits: limits, tables: session, isCancelled: isCancelled,
      AnswerReceiver(columns: { result.columns = $0 }, row: { result.rows.append($0) }))
    return result
  }

  /// The same, with each row handed over as soon as it is there. Limits that are met after the first rows are errors all the
  /// same: whoever has taken rows by then has part of an answer.
  /// - Throws: also what `receiver` throws.
  package func answer(
    _ sql: String, arguments: QueryArguments = [], limits: QueryLimits = QueryLimits(),
    tables session: TableSession? = nil, isCancelled: () -> Bool = { false }, _ receiver: AnswerReceiver
  ) throws {
    try withConnection(limits, session, isCancelled) { try $0.run(sql, arguments, receiver) }
  }

  /// The names of a statement's parameters, in the order in which they come first; nil for those without a name. The
  /// statement is looked at as `query` does, and not run.
  /// - Throws: as `query`.
  package func parameters(
    of sql: String, limits: QueryLimits = QueryLimits(), tables session: TableSession? = nil
  ) throws -> [String?] {
    try withConnection(limits, session, { false }) { try $0.parameters(of: sql) }
  }

  private func withConnection<R>(
    _ limits: QueryLimits, _ session: TableSession?, _ isCancelled: () -> Bool,
    _ body: (borrowing UnsafeQueryConnection) throws -> R
  ) throws -> R {
    let end = ContinuousClock.now + limits.deadline
    defer { session?.end() }
    return try CohortError.describing(path) {
      try withoutActuallyEscaping(isCancelled) { isCancelled in
        // The tables ask it, too; from here on they have nobody to ask.
        defer { session?.mustStop = { false } }
        return try queue.unsafeRead { database in
          guard let handle = database.sqliteConnection else {
            throw CohortError(.catalogClosed, "The catalog is closed", place: path)
          }
          let permissions = QueryPermissions(catalog: try CatalogSchema.tables(database), hasStore: session != nil)
          let watch = QueryWatch(permissions: permissions, end: end, memory: limits.memory, isCancelled: isCancelled)
          return try withExtendedLifetime(watch) {
            try body(UnsafeQueryConnection(handle, watch: watch, limits: limits, path: path, tables: session))
          }
        }
      }
    }
  }
}

extension Catalog {
  /// A connection for one statement, of the catalog as it is now.
  public func reader() throws -> CatalogReader {
    try CohortError.describing(path) {
      try base.withLock { CatalogReader(try $0.reader(path), path: path, edition: $0.edition) }
    }
  }

  /// Answers one statement that reads; see `CatalogReader.query`.
  public func query(
    _ sql: String, arguments: QueryArguments = [], limits: QueryLimits = QueryLimits(),
    isCancelled: () -> Bool = { false }
  ) throws -> CatalogResult {
    try reader().query(sql, arguments: arguments, limits: limits, isCancelled: isCancelled)
  }

  /// The functions that a statement may call, in alphabetical order.
  public static var queryFunctions: [String] { (QueryPermissions.functions + TableRegistration.functions).sorted() }
}

extension CohortError {
  static func refused(_ reason: String) -> CohortError {
    CohortError(
      .catalogRefused, "The statement is not allowed", cause: reason,
      hint: "One SELECT over the tables of the catalog; 'cohort man catalog' lists tables and functions")
  }

  static func tooManyRows(_ limit: Int) -> CohortError {
    CohortError(.catalogRowLimit, "The answer has more than \(limit) rows", hint: "Add LIMIT, or count and group")
  }

  static func tooManyBytes(_ limit: Int) -> CohortError {
    CohortError(.catalogByteLimit, "The answer has more than \(limit) bytes", hint: "Select fewer columns or rows")
  }

  static func stopped(_ stop: QueryWatch.Stop, _ limits: QueryLimits) -> CohortError {
    switch stop {
    case .deadline:
      CohortError(
        .catalogDeadline, "The statement took longer than \(limits.deadline)",
        hint: "Narrow it with WHERE, or raise the timeout")
    case .sorting:
      CohortError(
        .catalogDeadline, "What the statement sorts would take it longer than \(limits.deadline)",
        hint: "Sort fewer rows or by fewer columns, or raise the timeout")
    case .memory:
      CohortError(
        .catalogMemory, "The statement needs more than \(limits.memory) bytes of memory",
        hint: "Sort and group fewer rows")
    case .system: CohortError(.catalogMemory, "The system has no memory left for the statement", hint: "Try again")
    case .cancelled: CohortError(.catalogCancelled, "The statement was cancelled")
    case .instructions:
      .tooComplex("it is compiled to more than \(QueryLimits.instructions) instructions")
    case .compiling: .tooComplex("compiling it takes more than \(QueryWatch.compilingBytes >> 20) MiB of memory")
    case .names:
      .tooComplex("it names tables, columns and functions more than \(QueryWatch.mostNames) times")
    }
  }

  /// SQLite compiles a part of WITH, with all that it uses, once for each place that names it.
  private static func tooComplex(_ cause: String) -> CohortError {
    CohortError(
      .catalogTooComplex, "The statement is too complex with all its parts written out", cause: cause,
      hint: "Name fewer parts of WITH, views and subqueries within one another")
  }
}
