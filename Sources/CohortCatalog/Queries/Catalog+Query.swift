internal import CohortCore
internal import GRDB

extension Catalog {
  /// Answers one statement that reads.
  ///
  /// The statement runs on a connection of its own that cannot write, open files, change settings or load code: whatever
  /// is not on the list of `QueryPermissions` is refused before it runs. It sees the catalog as of the last catching up.
  ///
  /// - Parameters:
  ///   - arguments: values for the parameters `?`, in order.
  ///   - isCancelled: asked now and then while the statement runs; true ends it.
  /// - Throws: `catalog.refused` for anything but one reading statement; `catalog.statement` where SQLite does not
  ///   understand it; `catalog.deadline`, `catalog.row-limit`, `catalog.byte-limit`, `catalog.memory`, `catalog.too-big`;
  ///   `catalog.cancelled`.
  public func query(
    _ sql: String, arguments: [CatalogValue] = [], limits: QueryLimits = QueryLimits(),
    isCancelled: () -> Bool = { false }
  ) throws -> CatalogResult {
    let end = ContinuousClock.now + limits.deadline
    return try CohortError.describing(path) {
      try withoutActuallyEscaping(isCancelled) { isCancelled in
        try withReader { database in
          guard let handle = database.sqliteConnection else {
            throw CohortError(.catalogClosed, "The catalog is closed", place: path)
          }
          let permissions = QueryPermissions(catalog: try CatalogSchema.tables(database))
          let watch = QueryWatch(permissions: permissions, end: end, memory: limits.memory, isCancelled: isCancelled)
          return try withExtendedLifetime(watch) {
            try UnsafeQueryConnection(handle, watch: watch, limits: limits, path: path).run(sql, arguments)
          }
        }
      }
    }
  }

  /// The functions that a statement may call, in alphabetical order.
  public static var queryFunctions: [String] { QueryPermissions.functions.sorted() }
}

extension CohortError {
  static func refused(_ reason: String) -> CohortError {
    CohortError(
      .catalogRefused, "The statement is not allowed", cause: reason,
      hint: "One SELECT over the tables of the catalog; Docs/catalog.md lists tables and functions")
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
        hint: "Narrow it with WHERE, or give it more time")
    case .memory:
      CohortError(
        .catalogMemory, "The statement needs more than \(limits.memory) bytes of memory",
        hint: "Sort and group fewer rows")
    case .cancelled:
      CohortError(.catalogCancelled, "The statement was cancelled")
    }
  }
}
