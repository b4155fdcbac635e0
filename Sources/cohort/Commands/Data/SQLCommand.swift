import ArgumentParser
import CohortCatalog
import CohortCore
import CohortStore
import CohortSystem

/// `cohort sql`
struct SQLCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "sql", abstract: "Ask the catalog in SQL: one statement, or a shell.",
    discussion: examples(
      "cohort sql \"SELECT name, inserted FROM sources ORDER BY inserted DESC\"",
      "cohort sql \"SELECT reason, count(*) AS n FROM quarantine GROUP BY reason\" --json",
      "cohort sql \"SELECT name FROM sqlite_schema WHERE type = 'table'\"",
      "cohort sql < questions.sql",
      text: """
        Statements read and change nothing. Without a statement they come from standard input, each ended by a \
        semicolon. An answer that takes more than the limits is an error, never half an answer.
        """))

  @Argument(help: "One SELECT.") var statement: String?
  @Option(help: ArgumentHelp("The longest a statement may take.", valueName: "seconds")) var timeout = 10.0
  @Option(help: ArgumentHelp("The most rows of an answer.", valueName: "n")) var limit = 100_000
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if !(timeout > 0 && timeout <= 86_400) { throw ValidationError("--timeout takes seconds from above 0 to 86400.") }
    if limit < 1 { throw ValidationError("--limit takes a number from 1.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    refreshFile(session)
    let store = try session.readableStore()
    let catalog = try Catalog(of: store)
    _ = session.jobControl()
    if let statement {
      try answer(statement, catalog, session)
    } else {
      try shell(catalog, store, session)
    }
    return .done
  }

  /// Brings the catalog's file up to date, if nobody else owns the store. Only an owner may write it; for everybody else
  /// the catalog is brought up to date in memory.
  private func refreshFile(_ session: Session) {
    guard let store = try? session.writableStore(for: "sql") else { return }
    _ = try? Catalog(of: store)
  }

  private func answer(_ sql: String, _ catalog: Catalog, _ session: Session) throws {
    let result = try catalog.query(
      sql, limits: QueryLimits(deadline: .seconds(timeout), rows: limit), isCancelled: { Interruption.requested })
    let names = Self.distinct(result.columns)
    let rows = result.rows.lazy.map { row in
      OutputRecord(zip(names, row).map { (name: $0, value: $1.output) })
    }
    try session.output.list(names.map { Column($0) }, rows)
    try session.output.flush()
  }

  /// Statements from standard input. A person goes on after a mistake; a script stops at the first.
  private func shell(_ catalog: Catalog, _ store: Store, _ session: Session) throws {
    let isPerson = isatty(STDIN_FILENO) == 1
    var statement = ""
    while true {
      if isPerson { StandardError.print(statement.isEmpty ? "sql> " : "...> ") }
      guard let line = readLine() else { break }
      if isPerson, statement.isEmpty, ["exit", "quit", ".exit", ".quit", ".q"].contains(line) { return }
      statement += line + "\n"
      guard Self.isComplete(statement) else { continue }
      let complete = statement
      statement = ""
      do {
        try catalog.catchUp(from: store)
        try answer(complete, catalog, session)
      } catch let error as CohortError where isPerson && error.category == .usage {
        StandardError.print(ErrorReport(error).text(color: false))
      }
    }
    if statement.contains(where: { !$0.isWhitespace }) { try answer(statement, catalog, session) }
  }

  /// Whether the last thing outside of quotes and comments is a semicolon.
  static func isComplete(_ sql: String) -> Bool {
    var quote: Character?
    var isComment = false
    var isEnded = false
    var previous: Character = " "
    for character in sql {
      if isComment {
        isComment = character != "\n"
      } else if let open = quote {
        if character == open { quote = nil }
      } else if character == "-", previous == "-" {
        isComment = true
      } else if character == "'" || character == "\"" || character == "`" {
        quote = character
        isEnded = false
      } else if character == ";" {
        isEnded = true
      } else if !character.isWhitespace, character != "-" {
        isEnded = false
      }
      previous = character
    }
    return isEnded && quote == nil
  }

  /// Two columns may have the same name in SQL, but not in a JSON object.
  static func distinct(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.map { name in
      var unique = name
      var number = 1
      while !seen.insert(unique).inserted {
        number += 1
        unique = "\(name)_\(number)"
      }
      return unique
    }
  }
}

extension CatalogValue {
  /// Blobs as hexadecimal digits.
  var output: OutputValue {
    switch self {
    case .null: .null
    case .integer(let value): .integer(value)
    case .real(let value): .number(value)
    case .text(let text): .text(text)
    case .blob(let bytes):
      .text(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }
  }
}
