internal import CohortCore
internal import CohortPipeline
internal import CohortSelection

extension VerbRegistry {
  /// Core sets.
  static let selections: [Verb] = [
    selectionList, selectionCreate, selectionShow, selectionRows, selectionGrow, selectionCompare, selectionDrop,
    selectionSplit, selectionSweep,
  ]

  private static let selection = VerbParameter.named("selection", "The selection.")

  private static let parts: ValueShape = .list(.map(.any))

  private static let report: [VerbField] =
    [
      VerbField("selection", .text), VerbField("count", .count), VerbField("digest", .text),
      VerbField("snapshot", .text, isRequired: false), VerbField("log_sequence", .count, isRequired: false),
      VerbField("method", .text), VerbField("seed", .count),
      VerbField("grouping", .optional(.text), isRequired: false),
      VerbField("space", .optional(.text), isRequired: false), VerbField("budget", .text, isRequired: false),
      VerbField("rows", .count), VerbField("share", .number, isRequired: false),
      VerbField("tokens", .count, isRequired: false), VerbField("pool_tokens", .count, isRequired: false),
      VerbField("length_measure", .text, isRequired: false),
      VerbField("tokens_left", .optional(.count), isRequired: false), VerbField("without_vector", .count),
    ]
    + [
      "deleted", "excluded", "duplicates", "isolated", "other_templates", "avoided", "kept", "lost", "clusters",
      "groups",
      "clusters_without",
      "most_picks",
      "median_picks", "draws",
    ].map { VerbField($0, .count, isRequired: false) }
    + [VerbField("whitened", .boolean, isRequired: false)]
    + [VerbField("avoided_ids", .list(.count), isRequired: false)]
    + ["strata", "tasks", "sources", "figures"].map { VerbField($0, parts, isRequired: false) }
    + [
      VerbField("choice_seconds", .number, isRequired: false), VerbField("seconds", .number, isRequired: false),
      VerbField("notes", .list(.text), isRequired: false),
    ]

  /// That of a split says less, and what its share was.
  private static let shown = report + [VerbField("fraction", .number, isRequired: false)]

  private static let selectionList = Verb.rows(
    "List the selections.", VerbRoute(.get, "/selections"),
    answers: [
      VerbField("selection", .text), VerbField("snapshot", .optional(.text)), VerbField("method", .text),
      VerbField("count", .count), VerbField("created", .time), VerbField("digest", .text),
    ]
  ) { _ in SelectionListAction() }

  // MARK: Making

  private static let budgets = [
    VerbParameter("count", .body, .count, "Choose so many samples, exactly."),
    VerbParameter("fraction", .body, .bounded(0...1), "Choose this share of the snapshot's samples."),
    VerbParameter("tokens", .body, .count, "Choose samples of so many tokens in all, by the measure of length."),
  ]

  private static func making(_ place: VerbParameter.Place) -> [VerbParameter] {
    [
      VerbParameter(
        "grouping", place, .text,
        "The grouping whose groups are the clusters; else the snapshot's only one by embedding."
      ),
      VerbParameter("space", place, .text, "The embedding space to compare in; else the grouping's, or the default."),
      VerbParameter("length", place, .text, "The length measure that counts tokens; else the store's own."),
      VerbParameter("strata", place, .text, "A grouping, or A*B, whose groups share the budget."),
      VerbParameter(
        "shares", place, .choice(StratumShares.allCases.map(\.rawValue)),
        standard: .text(StratumShares.equal.rawValue), "How strata share it."),
      VerbParameter(
        "min_per_stratum", place, .count, standard: .unsigned(0), "What each stratum gets before any gets more."),
      VerbParameter(
        "dedup", place, .bounded(0...1), "Leave out samples with a greater cosine to one with a lower id, as 0.95."),
      VerbParameter(
        "drop_isolated", place, .bounded(0...1), standard: .number(0),
        "Leave out this share: the samples farthest from their centroids."),
      VerbParameter(
        "whiten", place, .boolean, standard: false,
        "With kcenter: compare where vectors spread alike in all directions."),
      VerbParameter("exclude", place, .list(.text), "Selections whose samples are not chosen."),
      VerbParameter(
        "templates", place, .count, standard: .unsigned(0), "With example: so many samples of each; 0 for all."),
      VerbParameter(
        "example", place, .text, "An attribute: samples with the same value are one example in several templates."),
      VerbParameter("seed", place, .count, standard: .unsigned(0), "Another seed, another choice."),
      VerbParameter("probe", place, .text, "task, or an attribute: what a linear probe is to tell apart."),
    ]
  }

  private static func budget(_ arguments: VerbArguments) throws -> SelectionRequest.Budget? {
    let given = ["count", "fraction", "tokens"].filter { arguments.has($0) }
    guard given.count < 2 else {
      throw CohortError.argument(given[1], "'\(given[0])' and '\(given[1])' exclude each other")
    }
    if let count: UInt64 = try arguments.count(ifGiven: "count") { return .rows(count) }
    if let tokens: UInt64 = try arguments.count(ifGiven: "tokens") { return .tokens(tokens) }
    return try arguments.number(ifGiven: "fraction").map { .fraction($0) }
  }

  private static func request(
    _ arguments: VerbArguments, _ budget: SelectionRequest.Budget
  ) throws -> SelectionRequest {
    var request = SelectionRequest(
      snapshot: try arguments.text("snapshot"), budget: budget, seed: try arguments.count("seed"))
    request.grouping = try arguments.text(ifGiven: "grouping")
    request.space = try arguments.text(ifGiven: "space")
    request.measure = try arguments.text(ifGiven: "length")
    request.strata = try arguments.text(ifGiven: "strata")
    request.shares = StratumShares(rawValue: try arguments.text("shares")) ?? .equal
    request.minimum = try arguments.count("min_per_stratum")
    request.duplicates = try arguments.number(ifGiven: "dedup")
    request.isolated = try arguments.number("drop_isolated")
    request.isWhitened = arguments.flag("whiten")
    request.excluded = try arguments.texts("exclude")
    request.probe = try arguments.text(ifGiven: "probe")
    (request.templates, request.example) = (try arguments.count("templates"), try arguments.text(ifGiven: "example"))
    return request
  }

  private static let selectionCreate = Verb.record(
    "Choose a core set of a snapshot, and report what it covers beside random draws.", access: .writes, isLong: true,
    VerbRoute(.post, "/selections", status: 201),
    [
      .newName("selection"),
      VerbParameter("snapshot", .body, .text, isRequired: true, "The snapshot it is chosen from."),
      VerbParameter(
        "method", .body, .choice(SelectionMethod.allCases.map(\.rawValue)),
        standard: .text(SelectionMethod.stratified.rawValue), "How it is chosen."),
    ] + budgets + making(.body), answers: report
  ) { arguments in
    guard let budget = try budget(arguments) else {
      throw CohortError.argument("count", "'selection create' needs count, fraction or tokens in the body")
    }
    var request = try request(arguments, budget)
    request.method = SelectionMethod(rawValue: try arguments.text("method")) ?? .stratified
    return SelectionCreateAction(selection: try arguments.text("name"), request: request)
  }

  private static let selectionGrow = Verb.record(
    "Choose again from another snapshot, and keep what was chosen.", access: .writes, isLong: true,
    VerbRoute(.post, "/selections/{selection}/grow", status: 201),
    [
      selection, VerbParameter("snapshot", .body, .text, isRequired: true, "The snapshot to choose from."),
      VerbParameter("name", .body, .text, "The new selection's name; else SELECTION.SNAPSHOT."),
    ] + budgets, answers: report
  ) { arguments in
    SelectionGrowAction(
      selection: try arguments.text("selection"), snapshot: try arguments.text("snapshot"),
      newName: try arguments.text(ifGiven: "name"), budget: try budget(arguments))
  }

  private static let selectionSplit = Verb.record(
    "Split a snapshot for training and validation, without near-duplicates in common.", access: .writes, isLong: true,
    VerbRoute(.post, "/splits", status: 201),
    [
      VerbParameter(
        "name", .body, .text, isRequired: true, "What both names begin with: NAME.train, NAME.validation."),
      VerbParameter("snapshot", .body, .text, isRequired: true, "The snapshot to split."),
      VerbParameter("fraction", .body, .bounded(0...1), isRequired: true, "The share of the validation set."),
      VerbParameter("by_group", .body, .text, "The grouping whose groups stay whole."),
      VerbParameter(
        "apart", .body, .bounded(0...1), "Samples with a greater cosine stay on one side; 0.95 without by_group."),
      VerbParameter("grouping", .body, .text, "A grouping by embedding whose space is compared in."),
      VerbParameter("space", .body, .text, "The embedding space to compare in; else the grouping's, or the default."),
      VerbParameter("strata", .body, .text, "A grouping, or A*B, whose groups have the same share on both sides."),
      VerbParameter("seed", .body, .count, standard: .unsigned(0), "Another seed, another split."),
    ],
    answers: [
      VerbField("train", .text), VerbField("train_count", .count), VerbField("train_digest", .text),
      VerbField("validation", .text), VerbField("validation_count", .count), VerbField("validation_digest", .text),
      VerbField("wanted", .count), VerbField("units", .count), VerbField("apart", .optional(.number)),
      VerbField("without_vector", .count), VerbField("avoided", .count), VerbField("avoided_ids", .list(.count)),
    ]
  ) { arguments in
    var request = SplitRequest(
      snapshot: try arguments.text("snapshot"), fraction: try arguments.number("fraction"),
      seed: try arguments.count("seed"))
    request.wholeGroups = try arguments.text(ifGiven: "by_group")
    request.apart = try arguments.number(ifGiven: "apart")
    request.grouping = try arguments.text(ifGiven: "grouping")
    request.space = try arguments.text(ifGiven: "space")
    request.strata = try arguments.text(ifGiven: "strata")
    return SelectionSplitAction(selection: try arguments.text("name"), request: request)
  }

  // MARK: Looking

  private static let selectionShow = Verb.record(
    "Give the report that was made with a selection.", VerbRoute(.get, "/selections/{selection}"), [selection],
    answers: shown
  ) { SelectionShowAction(selection: try $0.text("selection")) }

  private static let selectionRows = Verb.rows(
    "Give the ids of a selection in its order: every beginning is a smaller one.",
    VerbRoute(.get, "/selections/{selection}/rows"), [selection],
    answers: [VerbField("rank", .count), VerbField("id", .count)]
  ) { SelectionRowsAction(selection: try $0.text("selection")) }

  private static let selectionCompare = Verb.record(
    "Tell how much two selections have in common.", VerbRoute(.get, "/selections/{selection}/comparison"),
    [selection, VerbParameter("with", .query, .text, isRequired: true, "The other selection.")],
    answers: [
      VerbField("first", .text), VerbField("second", .text), VerbField("first_count", .count),
      VerbField("second_count", .count), VerbField("common", .count), VerbField("only_first", .count),
      VerbField("only_second", .count), VerbField("jaccard", .number), VerbField("expected_common", .optional(.number)),
      VerbField("common_beginning", .count), VerbField("same", .boolean),
    ]
  ) { SelectionCompareAction(try $0.text("selection"), try $0.text("with")) }

  private static let selectionDrop = Verb.record(
    "Forget a selection that no plan stands on.", name: DropAction(.selection, named: "").name, access: .writes,
    VerbRoute(.delete, "/selections/{selection}"), [selection], answers: AnswerFields.dropped
  ) { DropAction(.selection, named: try $0.text("selection")) }

  private static let selectionSweep = Verb.rows(
    "Measure methods at several budgets beside random draws, and store nothing.", VerbRoute(.get, "/sweeps"),
    [
      VerbParameter("snapshot", .query, .text, isRequired: true, "The snapshot to choose from."),
      VerbParameter(
        "methods", .query, .list(.choice(SelectionMethod.allCases.map(\.rawValue))), "Methods; else all but kcenter."),
      VerbParameter("fractions", .query, .list(.bounded(0...1)), "Budgets; else 0.005, 0.01, 0.02, 0.05."),
      VerbParameter("seeds", .query, .integer(1...100), standard: .integer(5), "Choices of each method."),
      VerbParameter("draws", .query, .integer(2...1000), standard: .integer(10), "Random draws at each budget."),
    ] + making(.query),
    answers: [
      VerbField("method", .text), VerbField("share", .number), VerbField("count", .count), VerbField("figure", .text),
      VerbField("seeds", .count), VerbField("mean", .number), VerbField("deviation", .number),
      VerbField("draws", .count), VerbField("random_mean", .number), VerbField("random_deviation", .number),
      VerbField("difference", .number), VerbField("half_width", .number),
    ]
  ) { arguments in
    let methods = try arguments.texts("methods").compactMap { SelectionMethod(rawValue: $0) }
    let shares = try arguments.numbers("fractions")
    return SelectionSweepAction(
      request: try request(arguments, .rows(1)), methods: methods.isEmpty ? SelectionSweepAction.usualMethods : methods,
      shares: shares.isEmpty ? SelectionSweepAction.usualShares : shares, seeds: try arguments.count("seeds"),
      draws: try arguments.count("draws"))
  }
}
