/// The parts of answers that several verbs have.
enum AnswerFields {
  static let lengths: [VerbField] = [
    VerbField("prompt", .count), VerbField("response", .count), VerbField("total", .count),
  ]

  static let sample: [VerbField] = [
    VerbField("id", .count), VerbField("source", .text), VerbField("task", .optional(.text)),
    VerbField("line", .count), VerbField("prompt_length", .count), VerbField("response_length", .count),
    VerbField("total_length", .count),
    VerbField(
      "messages",
      .list(
        .record([
          VerbField("role", .text), VerbField("content", .text), VerbField("extra", .map(.any), isRequired: false),
        ]))),
    VerbField("tools", .any), VerbField("attributes", .optional(.map(.any))),
    VerbField("lengths", .map(.optional(.record(lengths)))),
  ]

  static let space: [VerbField] = [
    VerbField("name", .text), VerbField("text", .optional(.text)), VerbField("provider", .text),
    VerbField("model", .optional(.text)), VerbField("dimension", .count), VerbField("element", .text),
    VerbField("fingerprint", .text),
  ]

  static let vectorCounts: [VerbField] = [
    VerbField("vectors", .count), VerbField("pending", .count), VerbField("without_vector", .count),
    VerbField("refused", .count),
  ]

  static let measure: [VerbField] = [
    VerbField("name", .text), VerbField("unit", .text), VerbField("part", .text),
    VerbField("tokenizer", .optional(.text)), VerbField("measured", .count), VerbField("pending", .count),
    VerbField("default", .boolean),
  ]

  static let snapshot: [VerbField] = [
    VerbField("snapshot", .text), VerbField("created", .time), VerbField("samples", .count),
    VerbField("log_sequence", .count), VerbField("groupings", .list(.text)), VerbField("digest", .text),
  ]

  static let dropped: [VerbField] = [VerbField("dropped", .text)]

  /// What parts of the store an update could not bring up to date.
  static let updated: [VerbField] = [
    VerbField("measured", .list(.record([VerbField("measure", .text), VerbField("measured", .count)]))),
    VerbField(
      "troubles",
      .list(
        .record([
          VerbField("kind", .choice(["space", "measure", "grouping", "map"])), VerbField("name", .text),
          VerbField("code", .text), VerbField("message", .text),
        ]))),
    VerbField("waiting", .list(.text)),
  ]
}
