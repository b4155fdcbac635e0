internal import CohortTables
internal import GRDBSQLite

/// What a statement may do, as a list of what is allowed: read the catalog's tables and call functions that neither touch
/// files nor take time out of proportion to the length of their arguments.
struct QueryPermissions {
  /// The tables that may be read, by their names in the schema.
  let tables: Set<String>

  /// The functions that may be called, in small letters.
  private let functions: Set<String>

  /// - Parameters:
  ///   - catalog: the catalog's tables.
  ///   - hasStore: whether the store's tables and their functions are there.
  init(catalog: [String], hasStore: Bool) {
    let own: Set = ["sqlite_master", "sqlite_schema", "json_each", "json_tree"]
    tables = own.union(catalog).union(hasStore ? TableRegistration.tables : [])
    functions = Self.functions.union(hasStore ? TableRegistration.functions : [])
  }

  /// `glob`, `instr`, `replace`, `trim`, `format` and `printf` are not among them: one call can take minutes, in which
  /// SQLite does not look at the clock.
  static let functions: Set<String> = [
    // Aggregates and windows.
    "count", "sum", "total", "avg", "min", "max", "group_concat", "row_number", "rank", "dense_rank", "percent_rank",
    "cume_dist", "ntile", "lag", "lead", "first_value", "last_value", "nth_value",
    // Values and text.
    "abs", "round", "sign", "coalesce", "ifnull", "nullif", "iif", "typeof", "length", "octet_length", "lower", "upper",
    "substr", "substring", "hex", "unhex", "quote", "unicode", "char", "like", "concat", "concat_ws",
    "random", "sqlite_version",
    // Mathematics.
    "ceil", "ceiling", "floor", "trunc", "exp", "ln", "log", "log10", "log2", "mod", "pi", "pow", "power", "sqrt",
    // Times.
    "date", "time", "datetime", "julianday", "unixepoch", "strftime",
    // JSON.
    "json", "json_array", "json_array_length", "json_extract", "->", "->>", "json_object", "json_quote", "json_type",
    "json_valid", "json_group_array", "json_group_object",
  ]

  /// Decides about one action that SQLite found while it compiled a statement.
  /// - Parameters:
  ///   - first: the table, for a read.
  ///   - second: the column, for a read; the function's name, for a call.
  /// - Returns: why it is not allowed; nil when it is.
  func refusal(_ action: CInt, first: String?, second: String?) -> String? {
    switch action {
    case SQLITE_SELECT, SQLITE_RECURSIVE: return nil
    case SQLITE_READ:
      let table = first ?? ""
      if tables.contains(table) || isOwnName(table, column: second) { return nil }
      return "it reads \(table), which is no table of the catalog or the store"
    case SQLITE_FUNCTION:
      let name = second ?? ""
      return functions.contains(name.lowercased()) ? nil : "it calls the function \(name)"
    default: return Self.words[action] ?? "it does more than read"
    }
  }

  /// Where no column of a part of FROM is used, SQLite asks about it by its name and the column "", also for what the
  /// statement defined itself with WITH.
  private func isOwnName(_ name: String, column: String?) -> Bool {
    guard column == "" else { return false }
    let name = name.lowercased()
    return !["sqlite_", "pragma_", "grdb_"].contains { name.hasPrefix($0) }
  }

  private static let words: [CInt: String] = [
    SQLITE_INSERT: "it inserts rows", SQLITE_UPDATE: "it changes rows", SQLITE_DELETE: "it deletes rows",
    SQLITE_ATTACH: "it opens another file", SQLITE_DETACH: "it detaches a database",
    SQLITE_PRAGMA: "it uses a PRAGMA", SQLITE_TRANSACTION: "it begins or ends a transaction",
    SQLITE_SAVEPOINT: "it sets a savepoint", SQLITE_ALTER_TABLE: "it alters a table",
    SQLITE_ANALYZE: "it analyses tables", SQLITE_REINDEX: "it rebuilds indexes",
    SQLITE_CREATE_TABLE: "it creates a table", SQLITE_CREATE_TEMP_TABLE: "it creates a table",
    SQLITE_CREATE_INDEX: "it creates an index", SQLITE_CREATE_TEMP_INDEX: "it creates an index",
    SQLITE_CREATE_VIEW: "it creates a view", SQLITE_CREATE_TEMP_VIEW: "it creates a view",
    SQLITE_CREATE_TRIGGER: "it creates a trigger", SQLITE_CREATE_TEMP_TRIGGER: "it creates a trigger",
    SQLITE_CREATE_VTABLE: "it creates a table", SQLITE_DROP_TABLE: "it drops a table",
    SQLITE_DROP_INDEX: "it drops an index", SQLITE_DROP_VIEW: "it drops a view",
    SQLITE_DROP_TRIGGER: "it drops a trigger", SQLITE_DROP_VTABLE: "it drops a table",
  ]
}
