internal import CohortCore

extension VerbRegistry {
  /// Bringing the store up to date.
  static let updates: [Verb] = [update, embed]

  private static let grouped: [VerbField] =
    [VerbField("grouping", .optional(.text))]
    + [
      "groups", "assigned", "rounds", "splits", "merges", "republished", "deleted", "provisional", "pending",
      "without_vector", "leaked", "changes",
    ].map { VerbField($0, .optional(.count)) }
    + [
      VerbField("space", .optional(.text)), VerbField("embedded", .optional(.count)),
      VerbField("refused", .optional(.count)),
    ]

  private static let update = Verb.record(
    "Embed, measure, put into groups and index for search all that is pending.", access: .updates, isLong: true,
    VerbRoute(.post, "/update"), [VerbParameter("grouping", .body, .text, "Only this grouping.")],
    answers: [VerbField("groupings", .list(.record(grouped)))] + AnswerFields.updated
      + [VerbField("maps", .list(.record(mapWork)), isRequired: false), VerbField("indexed", .count)]
  ) { UpdateAction(grouping: try $0.text(ifGiven: "grouping")) }

  private static let embed = Verb.record(
    "Give vectors to the samples that have none yet.", access: .updates, isLong: true, VerbRoute(.post, "/embed"),
    [
      VerbParameter("space", .body, .text, "Only this embedding space."),
      VerbParameter(
        "retry_refused", .body, .boolean, standard: false, "Also what the encoder refused before."),
    ],
    answers: [
      VerbField(
        "spaces",
        .list(
          .record([
            VerbField("space", .text), VerbField("embedded", .count), VerbField("without_vector", .count),
            VerbField("refused", .count),
          ])))
    ] + AnswerFields.updated
  ) { EmbedAction(space: try $0.text(ifGiven: "space"), retryingRefused: $0.flag("retry_refused")) }
}
