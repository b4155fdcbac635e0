internal import CohortCore
internal import CohortPipeline

extension VerbRegistry {
  /// Groupings and their groups.
  static let groupings: [Verb] = [
    groupingList, groupingCreate, groupingDrop, groupingRefine, groupList, groupShow, groupHistory,
    groupCompare,
  ]

  private static let grouping = VerbParameter.named("grouping", "The grouping.")
  private static let group = VerbParameter("group", .path, .group, isRequired: true, "The group's number.")
  /// The same bound as `GroupingChoices.objection` has.
  private static let size = ValueShape.integer(1...(1 << 20))

  private static let groupingList = Verb.rows(
    "List the groupings.", VerbRoute(.get, "/groupings"),
    answers: [
      VerbField("grouping", .text), VerbField("by", .text), VerbField("groups", .count), VerbField("assigned", .count),
      VerbField("samples", .count), VerbField("created", .count), VerbField("applied", .count),
      VerbField("guard_ratio", .optional(.number)),
    ]
  ) { _ in GroupingListAction() }

  private static let groupingCreate = Verb(
    GroupingCreateAction.name, "Add a way to divide the store into groups. It starts empty; an update fills it.",
    access: .updates, route: VerbRoute(.post, "/groupings", status: 201),
    parameters: [
      .newName("grouping"),
      VerbParameter(
        "by", .body, .text, isRequired: true,
        "What makes samples members of one group: \(GroupingSpelling.all.joined(separator: ", "))."),
      VerbParameter("groups", .body, size, "With embedding: at most this many groups."),
      VerbParameter(
        "group_size", .body, size, "With embedding or length: about this many samples a group."),
      VerbParameter("balance", .body, .boolean, standard: false, "With embedding: bound group sizes."),
      VerbParameter("space", .body, .text, "With embedding or anchors: the embedding space, if not the default."),
      VerbParameter("edges", .body, .list(.count), "With length: the inner edges, ascending."),
      VerbParameter("quantiles", .body, size, "With length: intervals with equally many samples."),
      VerbParameter("intervals", .body, size, "With length: intervals of equal width."),
      VerbParameter(
        "measure", .body, .choice(GroupingDefinition.LengthPart.allCases.map(\.name)),
        "With length: the part of the messages that is measured."),
      VerbParameter(
        "anchors", .body, .text, "With anchors: labelled vectors or texts, as JSON lines in one text."),
      VerbParameter("votes", .body, size, "With anchors: this many nearest ones vote."),
      VerbParameter(
        "leakage", .body, .bounded(-1...1), "With anchors: samples with this cosine to an anchor count as leaked."),
      VerbParameter("min_size", .body, size, "With A*B: cells of fewer samples join the rest of their part of A."),
    ],
    answer: .record([
      VerbField("grouping", .text), VerbField("id", .count), VerbField("by", .text),
      VerbField("anchors", .count, isRequired: false), VerbField("labels", .count, isRequired: false),
      VerbField("leakage", .number, isRequired: false),
    ])
  ) { arguments, store, control, _ in
    let by = try arguments.text("by")
    guard let spelling = GroupingSpelling(by) else {
      let close = Suggestion.closest(to: String(by.prefix(100)), among: GroupingSpelling.all)
      throw CohortError.argument(
        "by", "'by' takes one of \(GroupingSpelling.all.joined(separator: ", "))",
        hint: close.map { "Did you mean '\($0)'?" })
    }
    var choices = GroupingChoices()
    choices.groups = try arguments.count(ifGiven: "groups")
    choices.groupSize = try arguments.count(ifGiven: "group_size")
    choices.isBalanced = arguments.flag("balance")
    choices.space = try arguments.text(ifGiven: "space")
    choices.edges = try arguments.counts(ifGiven: "edges")
    choices.quantiles = try arguments.count(ifGiven: "quantiles")
    choices.intervals = try arguments.count(ifGiven: "intervals")
    let part = try arguments.text(ifGiven: "measure")
    choices.part = GroupingDefinition.LengthPart.allCases.first { $0.name == part }
    choices.votes = try arguments.count(ifGiven: "votes")
    choices.leakage = try arguments.number(ifGiven: "leakage").map { Float($0) }
    choices.minimum = try arguments.count(ifGiven: "min_size")
    let name = try arguments.text("name")
    return try GivenFile.with(try arguments.text(ifGiven: "anchors"), of: "anchors", kind: "jsonl") { path in
      choices.anchors = path
      return VerbEnd(try GroupingCreateAction(name, by: spelling, choices).run(on: store, control))
    }
  }

  private static let groupingDrop = Verb.record(
    "Forget a grouping. Snapshots that hold it keep their membership.", name: DropAction(.grouping, named: "").name,
    access: .updates, VerbRoute(.delete, "/groupings/{grouping}"), [grouping], answers: AnswerFields.dropped
  ) { DropAction(.grouping, named: try $0.text("grouping")) }

  private static let groupingRefine = Verb.record(
    "Lower the error of a grouping by embedding until it stops falling.", access: .updates, isLong: true,
    VerbRoute(.post, "/groupings/{grouping}/refine"),
    [
      grouping,
      VerbParameter(
        "passes", .body, .integer(1...10_000), standard: .count(RefineJob.defaultPasses), "At most this many passes."),
      VerbParameter(
        "until", .body, .bounded(0...1), standard: .number(RefineJob.defaultShare),
        "Stop after a pass that lowers the error by less than this share of it."),
    ],
    answers: [
      VerbField("grouping", .text), VerbField("passes", .count), VerbField("before", .optional(.number)),
      VerbField("after", .optional(.number)), VerbField("moved", .count), VerbField("splits", .count),
      VerbField("merges", .count), VerbField("groups", .count), VerbField("settled", .boolean),
    ]
  ) { arguments in
    GroupingRefineAction(
      grouping: try arguments.text("grouping"), passes: try arguments.count("passes"),
      until: try arguments.number("until"))
  }

  // MARK: Groups

  /// `group` is null for the samples that have none.
  private static let summary: [VerbField] = [
    VerbField("group", .optional(.group)), VerbField("size", .count), VerbField("label", .text),
    VerbField("terms", .list(.text)), VerbField("mean_length", .number), VerbField("longest", .count),
    VerbField("radius", .optional(.number)), VerbField("leaked", .optional(.count)),
    VerbField("tasks", .list(.record([VerbField("task", .optional(.text)), VerbField("size", .count)]))),
    VerbField("length_measure", .text), VerbField("length_unit", .text), VerbField("length_part", .text),
  ]

  private static let event: [VerbField] = [
    VerbField("sequence", .count), VerbField("time", .time), VerbField("position", .count),
    VerbField("operation", .text), VerbField("parent", .optional(.group)), VerbField("child", .group),
    VerbField("count", .count), VerbField("gain", .number),
  ]

  private static let member = AnswerFields.sample + [VerbField("distance", .optional(.number))]

  private static let groupList = Verb.rows(
    "List groups: size, label, lengths, radius, tasks.", VerbRoute(.get, "/groupings/{grouping}/groups"),
    [
      grouping,
      VerbParameter(
        "sort", .query, .choice(GroupListAction.Order.allCases.map(\.rawValue)),
        standard: .text(GroupListAction.Order.id.rawValue),
        "What the list is sorted by: numbers begin with the greatest, id, label and tasks with the first."),
      VerbParameter("reverse", .query, .boolean, standard: false, "The other way round."),
    ], answers: summary
  ) { arguments in
    let order = GroupListAction.Order(rawValue: try arguments.text("sort")) ?? .id
    return GroupListAction(
      grouping: try arguments.text("grouping"), order: order,
      isAscending: arguments.flag("reverse") ? !order.ascendsUsually : nil)
  }

  private static let groupShow = Verb.record(
    "Show a group: its medoid, central, typical and outlying samples.",
    VerbRoute(.get, "/groupings/{grouping}/groups/{group}"),
    [
      grouping, group,
      VerbParameter("samples", .query, .integer(0...1000), standard: .integer(3), "Samples of each kind."),
      VerbParameter(
        "history", .query, .boolean, standard: false,
        "Also what happened to it, to those it came from, and to its heirs."),
    ],
    answers: summary + [
      VerbField("open", .boolean), VerbField("parent", .optional(.group)), VerbField("heir", .optional(.group)),
      VerbField("medoid", .optional(.record(member))), VerbField("central", .list(.record(member))),
      VerbField("typical", .list(.record(member))), VerbField("outlying", .list(.record(member))),
      VerbField(
        "task_mix", .list(.record([VerbField("task", .optional(.text)), VerbField("size", .count)]))),
      VerbField(
        "lengths", .list(.record([VerbField("from", .count), VerbField("to", .count), VerbField("size", .count)]))),
      VerbField(
        "neighbours",
        .list(.record([VerbField("group", .group), VerbField("size", .count), VerbField("distance", .number)]))),
      VerbField("history", .list(.record(event)), isRequired: false),
    ]
  ) { arguments in
    GroupShowAction(
      group: GroupID(try arguments.count("group")), grouping: try arguments.text("grouping"),
      samples: try arguments.count("samples"), withHistory: arguments.flag("history"))
  }

  private static let groupHistory = Verb.rows(
    "Show what happened to a group, to those it came from, and to its heirs, oldest first.",
    VerbRoute(.get, "/groupings/{grouping}/groups/{group}/history"), [grouping, group], answers: event
  ) { GroupHistoryAction(group: GroupID(try $0.count("group")), grouping: try $0.text("grouping")) }

  private static let groupCompare = Verb.record(
    "Compare two groupings, or one at two snapshots.", VerbRoute(.get, "/compare"),
    [
      VerbParameter("first", .query, .text, isRequired: true, "GROUPING, or GROUPING@SNAPSHOT."),
      VerbParameter("second", .query, .text, isRequired: true, "The other one."),
      VerbParameter("cells", .query, .integer(0...1_000_000), standard: .integer(1000), "The greatest cells to tell."),
      VerbParameter("moves", .query, .integer(0...1_000_000), standard: .integer(20), "The largest moves to tell."),
    ],
    answers: ["first", "second"].map { name in
      VerbField(
        name,
        .record([
          VerbField("grouping", .text), VerbField("snapshot", .optional(.text)), VerbField("groups", .count),
          VerbField("samples", .count),
        ]))
    }
      + ["samples", "only_first", "only_second"].map { VerbField($0, .count) }
      + ["nmi", "adjusted_rand", "homogeneity", "completeness", "v_measure", "purity", "inverse_purity"].map {
        VerbField($0, .number)
      } + [
        VerbField("moved", .count), VerbField("cells", .count),
        VerbField(
          "contingency",
          .list(
            .record([
              VerbField("first", .group), VerbField("first_label", .optional(.text)), VerbField("second", .group),
              VerbField("second_label", .optional(.text)), VerbField("size", .count),
            ]))),
        VerbField(
          "moves",
          .list(
            .record([
              VerbField("from", .group), VerbField("from_label", .optional(.text)), VerbField("to", .group),
              VerbField("to_label", .optional(.text)), VerbField("size", .count), VerbField("share_of_from", .number),
            ]))),
      ]
  ) { arguments in
    GroupCompareAction(
      try arguments.text("first"), try arguments.text("second"), cells: try arguments.count("cells"),
      moves: try arguments.count("moves"))
  }
}
