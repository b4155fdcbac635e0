internal import GRDBSQLite

/// What SQLite's parser and machine may grow to for one statement. Together with the list of functions these limits bound the
/// time between two looks at the clock.
struct StatementLimit {
  let category: CInt
  let value: CInt
  /// How SQLite's message begins that says the limit was met; it names most limits without their number.
  var complaints: [String] = []
  /// What a statement has at most, for people.
  var words: String?

  static let columns: CInt = 200
  /// Stands before a statement to ask what it is compiled to.
  static let explaining = "EXPLAIN "

  static let all = [
    StatementLimit(category: SQLITE_LIMIT_LENGTH, value: CInt(QueryLimits.valueBytes)),
    // What is given is measured before; what it sorts is asked for with a word before it.
    StatementLimit(
      category: SQLITE_LIMIT_SQL_LENGTH, value: CInt(QueryLimits.statementBytes + explaining.utf8.count)),
    StatementLimit(
      category: SQLITE_LIMIT_COLUMN, value: columns,
      complaints: ["too many columns", "too many terms in ORDER BY", "too many terms in GROUP BY"],
      words: "\(columns) columns, or terms of ORDER BY and GROUP BY"),
    StatementLimit(
      category: SQLITE_LIMIT_EXPR_DEPTH, value: 100,
      complaints: ["Expression tree is too large", "parser stack overflow"], words: "expressions of a depth of 100"),
    StatementLimit(
      category: SQLITE_LIMIT_COMPOUND_SELECT, value: 50, complaints: ["too many terms in compound SELECT"],
      words: "50 parts that UNION, INTERSECT and EXCEPT join"),
    // Longer programs end with SQLITE_NOMEM.
    StatementLimit(category: SQLITE_LIMIT_VDBE_OP, value: CInt(QueryLimits.instructions)),
    StatementLimit(
      category: SQLITE_LIMIT_FUNCTION_ARG, value: 64, complaints: ["too many arguments on function"],
      words: "64 arguments of a function"),
    StatementLimit(category: SQLITE_LIMIT_ATTACHED, value: 0),
    StatementLimit(
      category: SQLITE_LIMIT_VARIABLE_NUMBER, value: 1000,
      complaints: ["too many SQL variables", "variable number must be"], words: "1000 parameters"),
    StatementLimit(category: SQLITE_LIMIT_TRIGGER_DEPTH, value: 1),
    StatementLimit(category: SQLITE_LIMIT_WORKER_THREADS, value: 0),
  ]

  /// Names the limit that a message of SQLite is about; nil when it is about none.
  static func hint(for message: String) -> String? {
    all.first { limit in limit.complaints.contains { message.hasPrefix($0) } }?.words.map {
      "A statement may have \($0), and no more"
    }
  }
}
