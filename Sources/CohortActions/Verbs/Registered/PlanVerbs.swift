internal import CohortCore
internal import CohortPlanning
internal import CohortReading

extension VerbRegistry {
  /// Plans and their steps.
  static let plans: [Verb] = [planList, planCreate, planDrop, planSteps, planWhich, planDigest]

  private static let plan = VerbParameter.named("plan", "The plan.")
  /// So many processes and micro-batches nobody has; more would only cost memory.
  private static let shares = ValueShape.integer(1...65_536)

  private static let planList = Verb.rows(
    "List the plans.", VerbRoute(.get, "/plans"),
    answers: [
      VerbField("plan", .text), VerbField("snapshot", .optional(.text)), VerbField("grouping", .optional(.text)),
      VerbField("batch_size", .count), VerbField("steps", .count), VerbField("rows", .count),
      VerbField("created", .time), VerbField("plan_hash", .text), VerbField("selection", .optional(.text)),
      VerbField("report", .map(.any)),
    ]
  ) { _ in PlanListAction() }

  private static let stepLengths: [VerbField] = [
    VerbField("unit", .optional(.text)), VerbField("epoch", .count), VerbField("measured_steps", .count),
    VerbField("sampled", .boolean),
    VerbField("median", .count), VerbField("p95", .count), VerbField("greatest", .count),
    VerbField("median_tokens", .count), VerbField("p95_tokens", .count), VerbField("greatest_tokens", .count),
    VerbField("greatest_padded", .count), VerbField("padding_waste", .number),
    VerbField("random_padding_waste", .number), VerbField("neighbour_correlation", .optional(.number)),
  ]

  private static let planCreate = Verb.record(
    "Make a plan, and report what its epochs give before any training.", access: .writes, isLong: true,
    VerbRoute(.post, "/plans", status: 201),
    [
      .newName("plan"), VerbParameter("snapshot", .body, .text, "The snapshot it stands on."),
      VerbParameter("selection", .body, .text, "The selection whose samples it has, in place of all of a snapshot."),
      VerbParameter(
        "grouping", .body, .text,
        "The grouping whose groups make the batches. Not needed where the snapshot has only one."
      ),
      VerbParameter(
        "batch_size", .body, .count, isRequired: true, "Samples in one optimizer step, over all ranks."),
      VerbParameter("seed", .body, .count, standard: .unsigned(0), "Another seed gives another order."),
      VerbParameter(
        "length", .body, .text, "The length measure that budget, curriculum and padding count by; else the store's own."
      ),
      VerbParameter(
        "tail", .body, .choice(PlanConfiguration.Tail.allCases.map(\.rawValue)),
        standard: .text(PlanConfiguration.Tail.fill.rawValue), "What becomes of members that fill no batch."),
      VerbParameter(
        "small_groups", .body, .choice(PlanConfiguration.SmallGroups.allCases.map(\.rawValue)),
        standard: .text(PlanConfiguration.SmallGroups.automatic.rawValue), "Groups smaller than a batch."),
      VerbParameter(
        "order", .body, .choice(PlanConfiguration.Order.allCases.map(\.name)),
        standard: .text(PlanConfiguration.Order.shuffled.name), "The order of an epoch's batches."),
      VerbParameter(
        "longest_first", .body, .boolean, standard: false,
        "Begin each epoch with the batch of the longest sample: too little memory shows at once."),
      VerbParameter(
        "weights", .body, .text, standard: "proportional",
        "Shares of the groups: proportional, temperature:T, or GROUP=WEIGHT,..."),
      VerbParameter(
        "phases", .body, .text,
        "What the epochs are, KIND[:EPOCHS],... with grouped and random; the last lasts for ever."),
      VerbParameter(
        "random", .body, .boolean, standard: false, "The baseline: the same samples and steps without grouping."),
      VerbParameter(
        "token_budget", .body, .count, "The greatest padded size of a step, in the unit of length."),
      VerbParameter("world", .body, shares, "Ranks that the report counts empty parts of steps for."),
      VerbParameter("accumulate", .body, shares, "Micro-batches of each of these ranks."),
    ],
    answers: [
      VerbField("plan", .text), VerbField("plan_hash", .text), VerbField("snapshot", .text),
      VerbField("grouping", .text), VerbField("kind", .text),
    ]
      + [
        "groups", "rows", "steps", "samples", "unique", "repeated", "dropped", "mixed", "mixed_steps", "ungrouped",
      ].map { VerbField($0, .count) } + [VerbField("purity", .number), VerbField("group_purity", .number)]
      + [
        "batch_groups", "folded_samples", "folded_steps", "groups_below_batch",
        "short_steps", "smallest_step", "largest_step", "small_groups", "folded_groups", "folded_rows",
        "dropped_groups", "over_budget_groups", "world", "accumulate", "empty_parts", "steps_with_empty_parts",
      ].map { VerbField($0, .count) }
      + [
        VerbField("lengths", .optional(.record(stepLengths))), VerbField("length_measure", .text),
        VerbField("configuration", .map(.any)), VerbField("selection", .text, isRequired: false),
      ]
  ) { arguments in
    PlanCreateAction(
      plan: try arguments.text("name"), snapshot: try arguments.text(ifGiven: "snapshot"),
      selection: try arguments.text(ifGiven: "selection"), grouping: try arguments.text(ifGiven: "grouping"),
      configuration: try configuration(arguments), measure: try arguments.text(ifGiven: "length"),
      world: try arguments.count(ifGiven: "world") ?? 1,
      accumulation: try arguments.count(ifGiven: "accumulate") ?? 1)
  }

  private static func configuration(_ arguments: VerbArguments) throws -> PlanConfiguration {
    var configuration = PlanConfiguration(
      batchSize: try arguments.count("batch_size"), seed: try arguments.count("seed"))
    configuration.tail = PlanConfiguration.Tail(rawValue: try arguments.text("tail")) ?? configuration.tail
    configuration.smallGroups =
      PlanConfiguration.SmallGroups(rawValue: try arguments.text("small_groups")) ?? configuration.smallGroups
    configuration.order = PlanConfiguration.Order(name: try arguments.text("order")) ?? configuration.order
    configuration.longestFirst = arguments.flag("longest_first")
    configuration.tokenBudget = try arguments.count(ifGiven: "token_budget")
    let weights = try arguments.text("weights")
    guard let weights = PlanConfiguration.Weights(spelling: weights) else {
      throw CohortError.argument("weights", "'weights' takes proportional, temperature:T or GROUP=WEIGHT,...")
    }
    configuration.weights = weights
    if let spelling = try arguments.text(ifGiven: "phases") {
      guard let phases = PlanConfiguration.Phase.phases(spelling: spelling) else {
        throw CohortError.argument("phases", "'phases' takes KIND[:EPOCHS],... with grouped and random")
      }
      guard !arguments.flag("random") else {
        throw CohortError.argument("phases", "'random' and 'phases' exclude each other")
      }
      configuration.phases = phases
    }
    return arguments.flag("random") ? configuration.randomBaseline : configuration
  }

  private static let planDrop = Verb.record(
    "Forget a plan. Runs that follow it keep their checkpoints.", name: DropAction(.plan, named: "").name,
    access: .writes, VerbRoute(.delete, "/plans/{plan}"), [plan], answers: AnswerFields.dropped
  ) { DropAction(.plan, named: try $0.text("plan")) }

  private static let ranks = [
    VerbParameter("world", .query, shares, "Ranks that share each step."),
    VerbParameter("accumulate", .query, shares, "Micro-batches that each rank accumulates into a step."),
  ]

  private static let planSteps = Verb.rows(
    "Show the batches of an epoch: any step, without the steps before it.", VerbRoute(.get, "/plans/{plan}/steps"),
    [
      plan, VerbParameter("epoch", .query, .count, standard: .unsigned(0), "The epoch, from 0."),
      VerbParameter("from", .query, .count, standard: .unsigned(0), "The first step."),
      VerbParameter("to", .query, .count, "The step behind the last; else the end of the epoch."),
      VerbParameter("rank", .query, .integer(0...65_535), "Only what this rank reads, from 0; with world."),
      VerbParameter("text", .query, .boolean, standard: false, "Also the samples themselves."),
    ] + ranks,
    answers: [
      VerbField("epoch", .count), VerbField("step", .count), VerbField("group", .optional(.group)),
      VerbField("ids", .list(.count)), VerbField("size", .count), VerbField("mixed", .boolean),
      VerbField("groups", .count),
      VerbField("micro_batches", .list(.list(.count)), isRequired: false),
      VerbField("samples", .list(.record(AnswerFields.sample)), isRequired: false), VerbField("deleted", .list(.count)),
    ]
  ) { arguments in
    var share: StepShare?
    if let rank: Int = try arguments.count(ifGiven: "rank") {
      share = StepShare(
        rank: rank, world: try arguments.count(ifGiven: "world") ?? 1,
        accumulation: try arguments.count(ifGiven: "accumulate") ?? 1)
      try share?.validate()
    } else if let other = ranks.first(where: { arguments.has($0.name) }) {
      throw CohortError.argument(
        other.name, "'\(other.name)' divides a step among ranks", hint: "Say which one with rank")
    }
    let from: UInt64 = try arguments.count("from")
    let end: UInt64? = try arguments.count(ifGiven: "to")
    guard end.map({ $0 >= from }) ?? true else {
      throw CohortError.argument("to", "'to' is the step behind the last one, and lies before 'from'")
    }
    return PlanShowAction(
      plan: try arguments.text("plan"), epoch: try arguments.count("epoch"), steps: (from, end), share: share,
      withTexts: arguments.flag("text"))
  }

  private static let planWhich = Verb.record(
    "Tell in which step, rank and micro-batch of an epoch a sample comes.",
    VerbRoute(.get, "/plans/{plan}/samples/{id}"),
    [
      plan, VerbParameter("id", .path, .sample, isRequired: true, "The sample's id."),
      VerbParameter("epoch", .query, .count, standard: .unsigned(0), "The epoch, from 0."),
    ] + ranks,
    answers: [
      VerbField("plan", .text), VerbField("id", .count), VerbField("epoch", .count), VerbField("world", .count),
      VerbField("accumulate", .count),
    ]
      + ["step", "index", "rank", "micro_batch", "place"].map { VerbField($0, .optional(.count)) } + [
        VerbField("group", .optional(.group)), VerbField("size", .optional(.count)),
        VerbField(
          "places",
          .list(
            .record(
              ["step", "index", "rank", "micro_batch", "place"].map { VerbField($0, .count) } + [
                VerbField("group", .optional(.group)), VerbField("size", .count),
              ]))),
      ]
  ) { arguments in
    PlanWhichAction(
      plan: try arguments.text("plan"), id: SampleID(try arguments.count("id")), epoch: try arguments.count("epoch"),
      world: try arguments.count(ifGiven: "world") ?? 1, accumulation: try arguments.count(ifGiven: "accumulate") ?? 1)
  }

  private static let planDigest = Verb.record(
    "Give one hash over all ids of some epochs, in order.", isLong: true, VerbRoute(.get, "/plans/{plan}/digest"),
    [
      plan, VerbParameter("epochs", .query, .integer(1...10_000), isRequired: true, "Epochs from 0 on."),
    ] + ranks,
    answers: [
      VerbField("plan", .text), VerbField("epochs", .count), VerbField("digest", .text), VerbField("plan_hash", .text),
      VerbField("steps", .count),
    ]
  ) { arguments in
    let world: Int = try arguments.count(ifGiven: "world") ?? 1
    let accumulation: Int = try arguments.count(ifGiven: "accumulate") ?? 1
    // Each step is put together from so many parts.
    guard world * accumulation <= 65_536 else {
      throw CohortError.argument("accumulate", "'world' times 'accumulate' is at most 65536")
    }
    return PlanDigestAction(
      plan: try arguments.text("plan"), epochs: try arguments.count("epochs"), world: world,
      accumulation: accumulation)
  }
}
