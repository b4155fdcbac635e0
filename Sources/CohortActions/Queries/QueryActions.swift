internal import CohortCatalog
public import CohortPipeline
public import CohortStore

/// `query save`: keeps a statement under a name, in the store's log: a backup has it, and so has whoever opens the store.
public struct QuerySaveAction: RecordAction {
  public static let name = "query save"
  public var access: ActionAccess { .writes }
  /// Name of the query: unique in the store.
  public var query: String
  /// One SELECT, with `:name` where a value is to be given.
  public var sql: String
  /// What it is good for.
  public var about: String?
  /// Whether a query of that name may go.
  public var isReplacing: Bool

  public init(_ query: String, sql: String, about: String? = nil, isReplacing: Bool = false) {
    self.query = query
    self.sql = sql
    self.about = about
    self.isReplacing = isReplacing
  }

  /// Looks at the statement without running it, and keeps it.
  /// - Throws: `catalog.…` for what is not one reading statement; `store.name`, `store.query-exists`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try NameRule.check(query, of: "query")
    let parameters = try CatalogQuery(store, limits: QueryLimits()).parameters(of: sql)
    try store.write { try $0.saveQuery(named: query, sql: sql, about: about, isReplacing: isReplacing) }
    return PlainReport([
      "query": .text(query), "parameters": .list(parameters.map { .text($0) }), "about": .optional(about),
    ])
  }
}

/// `query list`: the statements that the store keeps, by their names.
public struct QueryListAction: ListAction {
  public static let name = "query list"
  public static let columns: [ReportColumn] = ["query", "about", "sql", .hidden("saved"), .hidden("sequence")]

  /// Lists every saved query of the store.
  public init() {}

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    for query in try store.read({ try $0.queries() }) {
      try row([
        "query": .text(query.name), "about": .optional(query.about), "sql": .text(query.sql),
        "saved": .time(query.saved), "sequence": .sequence(query.sequence),
      ])
    }
  }
}
