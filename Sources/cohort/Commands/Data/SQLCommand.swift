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
      "cohort sql \"SELECT id, task, prompt FROM samples\" --format jsonl | head -3",
      "cohort sql", "cohort sql < questions.sql",
      text: """
        Statements read and change nothing. The store's tables are samples, lengths, assignments, groups, members, \
        group_lengths, embeddings, places, steps, nearest, search and store_state. Without a statement they come from standard input, each ended by a \
        semicolon: on a terminal with history, completion by Tab and the commands that .help lists; a script ends at its \
        first error. Rows are printed as they come, but for json, which is whole or an error. An answer that takes more than \
        the limits is an error in any case.
        """))

  @Argument(help: "One SELECT.") var statement: String?
  @Option(help: ArgumentHelp("The longest a statement may take.", valueName: "seconds")) var timeout = 10.0
  @Option(help: ArgumentHelp("The most rows of an answer.", valueName: "n")) var limit = 100_000
  @Option(help: ArgumentHelp("The most bytes of an answer, as lines of JSON.", valueName: "n")) var maxBytes = 64 << 20
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if maxBytes < 1 { throw ValidationError("--max-bytes takes a number from 1.") }
    if !(timeout > 0 && timeout <= 86_400) { throw ValidationError("--timeout takes seconds from above 0 to 86400.") }
    if limit < 1 { throw ValidationError("--limit takes a number from 1.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let query = try CatalogQuery(
      storeAt: session.storePath, limits: QueryLimits(deadline: .seconds(timeout), rows: limit, bytes: maxBytes))
    let control = session.jobControl()
    Interruption.cooperate()
    guard let statement else {
      try SQLShell(query, session, control, limit: maxBytes).run()
      return .done
    }
    let printer = AnswerPrinter(
      format: session.output.format, terminal: session.output.terminal, sink: session.output.sink, limit: maxBytes)
    _ = try printer.print { try query.answer(statement, control, to: $0) }
    return .done
  }
}
