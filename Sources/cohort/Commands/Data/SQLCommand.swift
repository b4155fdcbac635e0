import ArgumentParser
import CohortActions
import CohortCatalog
import CohortCore
import CohortPipeline
import CohortSystem

/// `cohort sql`
struct SQLCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "sql", abstract: "Ask the store and its catalog in SQL: one statement, or a shell.",
    discussion: examples(
      "cohort sql \"SELECT name, inserted FROM sources ORDER BY inserted DESC\"",
      "cohort sql \"SELECT reason, count(*) AS n FROM quarantine GROUP BY reason\" --json",
      "cohort sql \"SELECT task, count(*) FROM samples WHERE NOT deleted GROUP BY task\"",
      "cohort sql \"SELECT id, distance FROM nearest WHERE query = embed('words') AND k = 5\"",
      "cohort sql \"SELECT name FROM sqlite_schema WHERE type = 'table'\"",
      "cohort sql < questions.sql",
      text: """
        Statements read and change nothing. The store's tables are samples, lengths, assignments, groups, members, \
        embeddings, steps, nearest and store_state. Without a statement they come from standard input, each ended by a \
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
    let query = try CatalogQuery(
      storeAt: session.storePath, limits: QueryLimits(deadline: .seconds(timeout), rows: limit))
    let control = session.jobControl()
    Interruption.cooperate()
    if let statement {
      try answer(statement, query, control, session)
    } else {
      try shell(query, control, session)
    }
    return .done
  }

  private func answer(_ sql: String, _ query: CatalogQuery, _ control: JobControl, _ session: Session) throws {
    let answer = try query.answer(sql, control)
    try session.output.list(answer.columns, answer.rows)
    try session.output.flush()
  }

  /// Statements from standard input. A person goes on after a mistake; a script stops at the first.
  private func shell(_ query: CatalogQuery, _ control: JobControl, _ session: Session) throws {
    let isPerson = isatty(STDIN_FILENO) == 1
    var statement = ""
    while true {
      if isPerson { SystemCall.put(statement.isEmpty ? "sql> " : "...> ", on: STDERR_FILENO) }
      guard let line = Interruption.asking({ readLine() }) else { break }
      if isPerson, statement.isEmpty, ["exit", "quit", ".exit", ".quit", ".q"].contains(line) { return }
      statement += line + "\n"
      guard CatalogQuery.isComplete(statement) else { continue }
      let complete = statement
      statement = ""
      do {
        try answer(complete, query, control, session)
      } catch let error as CohortError where isPerson && error.category == .usage {
        SystemCall.put(ErrorReport(error).text(color: false), on: STDERR_FILENO)
      }
    }
    if statement.contains(where: { !$0.isWhitespace }) { try answer(statement, query, control, session) }
  }
}
