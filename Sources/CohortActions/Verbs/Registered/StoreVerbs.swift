internal import CohortCatalog
internal import CohortCore
internal import CohortPipeline
internal import CohortStore

extension VerbRegistry {
  /// The store as a whole, and its catalog.
  static let store: [Verb] = [info, log, sql, rebuildCatalog, compact]

  private static let info = Verb.record(
    "Show what the store holds and what it takes.", VerbRoute(.get, ""),
    answers: [
      VerbField("store", .text), VerbField("id", .text), VerbField("created", .time), VerbField("length_unit", .text),
      VerbField("dedupe", .text), VerbField("samples", .count), VerbField("deleted", .count),
      VerbField("quarantined", .count), VerbField("log_sequence", .count), VerbField("sources", .count),
      VerbField("licences", .map(.count), isRequired: false), VerbField("owners", .map(.count), isRequired: false),
      VerbField("tasks", .count), VerbField("spaces", .list(.record(AnswerFields.space + AnswerFields.vectorCounts))),
      VerbField("lengths", .list(.record(AnswerFields.measure))), VerbField("groupings", .list(.text)),
      VerbField("snapshots", .list(.text)), VerbField("selections", .list(.text)),
      VerbField("plans", .list(.text)), VerbField("runs", .list(.text)),
      VerbField("backlog", .map(.count)),
      VerbField("file_bytes", .count), VerbField("disk_bytes", .optional(.count)), VerbField("map_bytes", .count),
      VerbField("free_disk_bytes", .optional(.count)),
      VerbField("owner", .optional(.record([VerbField("name", .text), VerbField("process", .count)]))),
      VerbField("readers", .count), VerbField("reader_lag", .count),
      VerbField(
        "overdue_turn",
        .record([
          VerbField("holder", .text), VerbField("since", .time), VerbField("seconds", .number),
          VerbField("waiting", .count),
        ]), isRequired: false),
    ]
  ) { _ in InfoAction() }

  private static let log = Verb.rows(
    "Show what changed the store, in order.", VerbRoute(.get, "/log"),
    [
      VerbParameter("from", .query, .count, standard: .unsigned(1), "The first sequence number to show."),
      VerbParameter("last", .query, .count, "Only this many of the newest entries."),
      VerbParameter(
        "kind", .query, .list(.choice(LogKind.allCases.map(\.name))),
        "Only entries of this kind; may be repeated."),
    ],
    answers: [
      VerbField("sequence", .count), VerbField("time", .time),
      VerbField("kind", .choice(LogKind.allCases.map(\.name))), VerbField("details", .map(.any)),
    ]
  ) { arguments in
    let kinds = try arguments.texts("kind")
    return LogAction(
      from: try arguments.count("from"), last: try arguments.count(ifGiven: "last"),
      kinds: Set(LogKind.allCases.filter { kinds.contains($0.name) }))
  }

  private static let standardLimits = QueryLimits()

  /// What an answer in SQL may take.
  static let sqlLimits = [
    VerbParameter(
      "timeout", .body, .bounded(0.001...86_400), standard: .number(10),
      "The longest it may take, in seconds; the daemon may allow less."),
    VerbParameter(
      "limit", .body, .integer(1...1_000_000), standard: .count(standardLimits.rows),
      "The most rows of an answer; more are an error, never half an answer."),
  ]

  static func queryLimits(_ arguments: VerbArguments, _ control: JobControl) throws -> QueryLimits {
    let seconds = min(try arguments.number("timeout"), control.questionSeconds)
    return QueryLimits(deadline: .seconds(seconds), rows: try arguments.count("limit"))
  }

  private static let sql = Verb(
    CatalogQuery.name, "Ask the catalog in SQL: one statement, which reads.", access: .reads,
    route: VerbRoute(.post, "/sql"),
    parameters: [
      VerbParameter("sql", .body, .text, isRequired: true, "One SELECT.")
    ] + sqlLimits, answer: .table
  ) { arguments, store, control, row in
    let answer = try CatalogQuery(store, limits: try queryLimits(arguments, control)).answer(
      try arguments.text("sql"), control)
    try answer.rows.forEach(row)
    return VerbEnd()
  }

  private static let rebuildCatalog = Verb.record(
    "Make the SQL catalog anew from the log.", access: .rebuilds, isLong: true, VerbRoute(.post, "/catalog/rebuild"),
    answers: [
      VerbField("catalog", .text), VerbField("entries", .count), VerbField("applied", .count),
      VerbField("content_digest", .text),
    ]
  ) { _ in RebuildCatalogAction() }

  private static let compact = Verb.record(
    "Pack samples tighter, and give free pages back to the disk.", access: .packs, isLong: true,
    VerbRoute(.post, "/compact"),
    [
      VerbParameter(
        "codec", .body, .choice(CompactAction.codecs), standard: .text("zstd"), "How samples are stored afterwards."),
      VerbParameter(
        "level", .body, .integer(1...19),
        "How tight to compress: 1 is quickest, 19 smallest. Without it, 9."),
    ],
    answers: [
      VerbField("samples", .count), VerbField("repacked", .count), VerbField("payload_bytes_before", .count),
      VerbField("payload_bytes", .count), VerbField("new_dictionary", .boolean), VerbField("freed_pages", .count),
      VerbField("pages_in_use", .count), VerbField("disk_bytes_before", .optional(.count)),
      VerbField("disk_bytes", .optional(.count)),
    ]
  ) { try CompactAction(codec: $0.text("codec"), level: $0.count(ifGiven: "level")) }
}
