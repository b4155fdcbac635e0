internal import CohortCore
internal import CohortIngestion
internal import CohortPipeline
internal import CohortStore

extension VerbRegistry {
  /// Looking at samples, correcting their labels, taking them out.
  static let samples: [Verb] = [
    sampleList, sampleShow, sampleSearch, sampleNear, sampleDuplicates, sampleDelete, sampleRelabel,
  ]

  private static let sampleList = Verb.rows(
    "List samples in full, ascending by id, a page at a time.", VerbRoute(.get, "/samples"),
    FilterParameters.all(.query) + [
      VerbParameter("after", .query, .count, "The last id of the page before; nothing to begin."),
      VerbParameter(
        "limit", .query, .integer(1...10_000), standard: .count(SampleListAction.defaultLimit),
        "Rows of the page; one that has fewer is the last."),
    ], answers: AnswerFields.sample
  ) { arguments in
    SampleListAction(
      try FilterParameters.filter(arguments), after: try arguments.count(ifGiven: "after").map { SampleID($0) },
      limit: try arguments.count("limit"))
  }

  private static let sampleShow = Verb(
    SampleShowAction.name, "Show a sample in full, with its groups and the steps that draw it.", access: .reads,
    route: VerbRoute(.get, "/samples/{id}"),
    parameters: [
      VerbParameter("id", .path, .sample, isRequired: true, "The sample's id."),
      VerbParameter("plan", .query, .text, "Also the steps of this plan that draw it; with epoch."),
      VerbParameter("epoch", .query, .count, "The epoch of plan, from 0."),
      VerbParameter(
        "everything", .query, .boolean, standard: false,
        "Also the rank in each group by distance, the 5 nearest samples, and the snapshots, plans and selections that hold it."
      ),
    ],
    answer: .record(
      AnswerFields.sample + [
        VerbField(
          "groups",
          .list(
            .record([
              VerbField("grouping", .text), VerbField("group", .optional(.group)),
              VerbField("distance", .optional(.number)), VerbField("label", .optional(.text)),
              VerbField("provisional", .boolean), VerbField("rank", .optional(.count), isRequired: false),
              VerbField("size", .optional(.count), isRequired: false),
              VerbField("percentile", .optional(.number), isRequired: false),
            ]))),
        VerbField(
          "nearest", .list(.record([VerbField("id", .count), VerbField("distance", .number)])), isRequired: false),
        VerbField("nearest_exact", .boolean, isRequired: false),
        VerbField(
          "snapshots",
          .list(
            .record([
              VerbField("snapshot", .text), VerbField("grouping", .text), VerbField("group", .optional(.group)),
            ])), isRequired: false),
        VerbField("plans", .list(.text), isRequired: false),
        VerbField(
          "selections", .list(.record([VerbField("selection", .text), VerbField("rank", .count)])),
          isRequired: false),
        VerbField(
          "steps",
          .list(
            .record([
              VerbField("plan", .text), VerbField("epoch", .count), VerbField("step", .count),
              VerbField("index", .count),
            ])), isRequired: false),
      ])
  ) { arguments, store, control, _ in
    let id: UInt64 = try arguments.count("id")
    let (plan, epoch) = (try arguments.text(ifGiven: "plan"), try arguments.count(ifGiven: "epoch", as: UInt64.self))
    guard plan != nil || epoch == nil else {
      throw CohortError.argument("epoch", "'epoch' is one of a plan", hint: "Say which with plan")
    }
    var end = VerbEnd()
    let action = SampleShowAction(
      ids: [id..<(id + 1)], drawn: plan.map { .init(plan: $0, epoch: epoch ?? 0) },
      isEverything: arguments.flag("everything"))
    try action.run(on: store, control) { end.record = $0.record }
    return end
  }

  private static let sampleSearch = Verb.record(
    "Find the samples whose messages hold some words, best first.", VerbRoute(.post, "/search"),
    [
      VerbParameter(
        "query", .body, .text, isRequired: true,
        "Words, all of which must be there; \"phrases\", word*, OR, NOT. Punctuation stands between words.")
    ] + FilterParameters.all(.body) + [
      VerbParameter("longer_than", .body, .count, "Only samples whose response is longer, in the store's unit."),
      VerbParameter(
        "limit", .body, .integer(1...Int64(SampleSearchAction.mostSamples)), standard: .integer(10),
        "At most this many samples."),
    ],
    answers: [
      VerbField("matches", .count), VerbField("unsearched", .count),
      VerbField(
        "found",
        .list(.record([VerbField("score", .number), VerbField("snippet", .text)] + AnswerFields.sample))),
    ]
  ) { arguments in
    SampleSearchAction(
      query: try arguments.text("query"), filter: try FilterParameters.filter(arguments),
      longerThan: try arguments.count(ifGiven: "longer_than"), limit: try arguments.count("limit"))
  }

  private static let sampleNear = Verb.record(
    "Find the samples nearest to a sample, a text or a vector: distance is 1 - cosine.",
    VerbRoute(.post, "/near"),
    [
      VerbParameter("id", .body, .sample, "Near to this sample, which is not among the answers."),
      VerbParameter("text", .body, .text, "Near to this text, by the space's encoder."),
      VerbParameter("vector", .body, .list(.number), "Near to this vector of the space's dimension."),
      VerbParameter(
        "k", .body, .integer(1...Int64(SampleNearAction.mostSamples)), standard: .integer(10),
        "At most this many samples."),
      VerbParameter("exact", .body, .boolean, standard: false, "Read all vectors, however many there are."),
      VerbParameter("grouping", .body, .text, "Read only the nearest groups of this grouping by embedding."),
      VerbParameter("space", .body, .text, "The embedding space, if not the default."),
      VerbParameter(
        "check", .body, .boolean, standard: false, "Read all vectors, too, and tell the recall of the groups."),
    ] + FilterParameters.conditions(.body),
    answers: [
      VerbField("space", .text), VerbField("exact", .boolean), VerbField("grouping", .optional(.text)),
      VerbField("groups", .optional(.count)), VerbField("vectors_read", .count), VerbField("vectors", .count),
      VerbField("recall", .optional(.number)),
      VerbField("nearest", .list(.record([VerbField("id", .count), VerbField("distance", .number)]))),
    ]
  ) { arguments in
    let given = ["id", "text", "vector"].filter(arguments.has)
    guard given.count == 1 else {
      throw CohortError.argument(given.last ?? "id", "Near to what? Give one of 'id', 'text' and 'vector'")
    }
    let query: NearRequest.Query =
      if let id: UInt64 = try arguments.count(ifGiven: "id") {
        .sample(SampleID(id))
      } else if let text = try arguments.text(ifGiven: "text") {
        .text(text)
      } else {
        .vector(try arguments.numbers("vector").map { Float($0) })
      }
    return SampleNearAction(
      NearRequest(
        query, count: try arguments.count("k"), space: try arguments.text(ifGiven: "space"),
        isExact: arguments.flag("exact"), grouping: try arguments.text(ifGiven: "grouping"),
        filter: try FilterParameters.filter(arguments, withGroup: false), isChecked: arguments.flag("check")))
  }

  private static let sampleDuplicates = Verb.record(
    "Find near-duplicates by the cosine similarity of their vectors.", isLong: true, VerbRoute(.post, "/duplicates"),
    [
      VerbParameter(
        "threshold", .body, .bounded(0...1), standard: .number(0.95), "The least cosine similarity, 0.5 or more."),
      VerbParameter(
        "within", .body, .text,
        "A grouping by embedding that says where to look, or another one whose groups are kept apart."),
      VerbParameter(
        "across", .body, .list(.text),
        "Only clusters that reach from this source to another; several: from one of them to another."),
      VerbParameter("space", .body, .text, "The embedding space, if not the default."),
      VerbParameter("limit", .body, .integer(0...1_000_000), standard: .integer(1000), "The most clusters to tell."),
    ],
    answers: [
      VerbField("cosine_similarity", .number), VerbField("space", .text), VerbField("grouping", .optional(.text)),
      VerbField("samples", .count), VerbField("without_vector", .count), VerbField("clusters", .count),
      VerbField("redundant", .count), VerbField("pairs_compared", .count),
      VerbField(
        "list",
        .list(
          .record([
            VerbField("representative", .count), VerbField("size", .count), VerbField("ids", .list(.count)),
            VerbField("similarities", .list(.number)), VerbField("sources", .list(.text)),
          ]))),
      VerbField(
        "sources",
        .list(
          .record([
            VerbField("source", .text), VerbField("other", .text), VerbField("samples", .count),
            VerbField("of", .count), VerbField("share", .number),
          ]))),
    ]
  ) { arguments in
    SampleDuplicatesAction(
      DuplicatesRequest(
        similarity: try arguments.number("threshold"), space: try arguments.text(ifGiven: "space"),
        within: try arguments.text(ifGiven: "within"), across: try arguments.texts("across")),
      limit: try arguments.count("limit"))
  }

  private static let sampleDelete = Verb.record(
    "Delete samples for good.", access: .updates, isLong: true, VerbRoute(.delete, "/samples"),
    FilterParameters.selection + [
      VerbParameter("reason", .body, .text, standard: "deleted by the user", "Why; kept in the log."),
      .dryRun("Say what would be deleted, and delete nothing."),
      VerbParameter(
        "erase", .body, .boolean, standard: false,
        "Also overwrite what the file still holds of deleted samples. Reads the whole file."),
    ],
    answers: [
      VerbField("deleted", .count), VerbField("already_deleted", .count), VerbField("dry_run", .boolean),
      VerbField("ids", .list(.count), isRequired: false), VerbField("erased_pages", .count, isRequired: false),
      VerbField("pages_in_use", .count, isRequired: false),
    ]
  ) { arguments in
    SampleDeleteAction(
      try FilterParameters.selection(arguments), reason: try arguments.text("reason"), isDryRun: arguments.isDryRun,
      erases: arguments.flag("erase"))
  }

  private static let sampleRelabel = Verb.record(
    "Correct task and attributes of samples.", access: .updates, isLong: true, VerbRoute(.post, "/samples/relabel"),
    FilterParameters.selection + [
      VerbParameter("to_task", .body, .text, "Their task from now on."),
      VerbParameter("no_task", .body, .boolean, standard: false, "They have no task from now on."),
      VerbParameter("set", .body, .map(.any), "Attributes with their new values; the others stay."),
      VerbParameter("reason", .body, .text, standard: "relabelled by the user", "Why; kept in the log."),
      .dryRun("Say how many samples would change, and change nothing."),
    ],
    answers: [
      VerbField("relabelled", .count), VerbField("unchanged", .count), VerbField("deleted", .count),
      VerbField("dry_run", .boolean),
    ]
  ) { arguments in
    var correction = RelabelJob.Correction()
    let task = try arguments.text(ifGiven: "to_task")
    if let task { correction.task = .named(task) }
    if arguments.flag("no_task") {
      guard task == nil else { throw CohortError.argument("no_task", "'to_task' and 'no_task' exclude each other") }
      correction.task = .missing
    }
    if case .record(let settings) = arguments.values["set"] {
      correction.settings = try settings.fields.map { field in
        // As it would be typed: the first sign of equality ends the key.
        guard !field.name.isEmpty, !field.name.contains("=") else {
          throw CohortError.argument("set", "'\(field.name.prefix(100))' cannot be the key of an attribute")
        }
        return try AttributeSetting(parsing: "\(field.name)=\(JSONText.string(field.value))")
      }
    }
    guard !correction.isEmpty else {
      throw CohortError.argument("set", "Nothing says what to change", hint: "Give to_task, no_task or set")
    }
    return SampleRelabelAction(
      try FilterParameters.selection(arguments), correction, reason: try arguments.text("reason"),
      isDryRun: arguments.isDryRun)
  }
}
