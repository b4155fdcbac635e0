import ArgumentParser
import CohortActions
import CohortCatalog

/// `cohort query`
struct QueryCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Questions in SQL that the store keeps under names.",
    discussion: examples(
      "cohort query save quarantined \"SELECT reason, count(*) AS n FROM quarantine GROUP BY reason\"",
      "cohort query run quarantined", "cohort query list"),
    subcommands: [QuerySave.self, QueryRun.self, QueryList.self, QueryDrop.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort query save`
struct QuerySave: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "save", abstract: "Keep a statement under a name.",
    discussion: examples(
      "cohort query save largest \"SELECT name, inserted FROM sources WHERE inserted > :least ORDER BY 2 DESC\"",
      "cohort query save largest \"SELECT ...\" --about \"sources by size\" --replace",
      text: "The statement lives in the store's log, so backups and whoever opens the store have it."))

  @Argument(help: "The query's name.") var name: String
  @Argument(help: "One SELECT, with :name where a value is to be given.") var statement: String
  @Option(help: "What it is good for.") var about: String?
  @Flag(help: "A query of that name may go.") var replace = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> QuerySaveAction {
    QuerySaveAction(name, sql: statement, about: about, isReplacing: replace)
  }
}

/// `cohort query run`
struct QueryRun: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Answer a saved query.",
    discussion: examples(
      "cohort query run quarantined", "cohort query run largest --param least=1000 --format csv",
      text: """
        A value that is a number, true, false, null or a text in quotation marks as JSON has them is that; anything else is \
        text as it stands.
        """))

  @Argument(help: "The query.", completion: StoreNames.queries) var name: String
  @Option(
    name: .customLong("param"), parsing: .singleValue,
    help: ArgumentHelp("A value for a parameter of the statement. May be repeated.", valueName: "name=value"))
  var parameters: [String] = []
  @Option(help: ArgumentHelp("The longest it may take.", valueName: "seconds")) var timeout = 10.0
  @Option(help: ArgumentHelp("The most rows of an answer.", valueName: "n")) var limit = 100_000
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if !(timeout > 0 && timeout <= 86_400) { throw ValidationError("--timeout takes seconds from above 0 to 86400.") }
    if limit < 1 { throw ValidationError("--limit takes a number from 1.") }
    try validating { _ = try QueryValues.parse(parameters) }
  }

  func execute(_ session: Session) throws -> Outcome {
    let query = try CatalogQuery(
      storeAt: session.storePath, limits: QueryLimits(deadline: .seconds(timeout), rows: limit))
    let control = session.jobControl()
    Interruption.cooperate()
    let statement = try query.savedStatement(name)
    let values = try QueryValues.parse(parameters)
    let printer = AnswerPrinter(
      format: session.output.format, terminal: session.output.terminal, sink: session.output.sink,
      limit: QueryLimits().bytes)
    _ = try printer.print { try query.answer(statement, with: .named(values), control, to: $0) }
    return .done
  }
}

/// `cohort query list`
struct QueryList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the saved queries.",
    discussion: examples("cohort query list", "cohort query list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> QueryListAction { QueryListAction() }
}

/// `cohort query drop`
struct QueryDrop: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a saved query.", discussion: examples("cohort query drop quarantined"))

  @Argument(help: "The query.", completion: StoreNames.queries) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> DropAction { DropAction(.query, named: name) }
}
