internal import CohortCatalog
internal import CohortCore

extension VerbRegistry {
  /// Statements that the store keeps under names.
  static let queries: [Verb] = [queryList, querySave, queryRun, queryDrop]

  private static let query = VerbParameter.named("query", "The saved query.")

  private static let queryList = Verb.rows(
    "List the saved queries.", VerbRoute(.get, "/queries"),
    answers: [
      VerbField("query", .text), VerbField("about", .optional(.text)), VerbField("sql", .text),
      VerbField("saved", .time), VerbField("sequence", .count),
    ]
  ) { _ in QueryListAction() }

  private static let querySave = Verb.record(
    "Keep a statement under a name, in the store's log.", access: .writes,
    VerbRoute(.post, "/queries", status: 201),
    [
      .newName("query"),
      VerbParameter(
        "sql", .body, .text, isRequired: true, "One SELECT, with :name where a value is to be given."),
      VerbParameter("about", .body, .text, "What it is good for."),
      VerbParameter("replace", .body, .boolean, standard: false, "A query of that name may go."),
    ],
    answers: [
      VerbField("query", .text), VerbField("parameters", .list(.text)), VerbField("about", .optional(.text)),
    ]
  ) { arguments in
    QuerySaveAction(
      try arguments.text("name"), sql: try arguments.text("sql"), about: try arguments.text(ifGiven: "about"),
      isReplacing: arguments.flag("replace"))
  }

  private static let queryRun = Verb(
    "query run", "Answer a saved query.", access: .reads, route: VerbRoute(.post, "/queries/{query}/run"),
    parameters: [
      query,
      VerbParameter("params", .body, .map(.any), "Values for the parameters of the statement, by their names."),
    ] + sqlLimits, answer: .table
  ) { arguments, store, control, row in
    var values = ReportRecord()
    if case .record(let given) = arguments.values["params"] { values = given }
    let answer = try CatalogQuery(store, limits: try queryLimits(arguments, control)).answer(
      saved: try arguments.text("query"), try QueryValues.values(values), control)
    try answer.rows.forEach(row)
    return VerbEnd()
  }

  private static let queryDrop = Verb.record(
    "Forget a saved query.", name: DropAction(.query, named: "").name, access: .writes,
    VerbRoute(.delete, "/queries/{query}"), [query], answers: AnswerFields.dropped
  ) { DropAction(.query, named: try $0.text("query")) }
}
