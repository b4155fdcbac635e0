internal import CohortActions

extension FixedRoutes {
  /// What the fixed routes answer, and problems.
  static let schemas: ReportRecord = [
    "Problem": .record(problem), "Readiness": .record(readiness), "StoreRow": .record(store), "Job": .record(job),
    "Intake": .record(intake),
  ]

  private static let count = ValueShape.unsigned(0...UInt64.max)

  /// RFC 9457 lets problems have further members.
  private static let problem: ReportRecord = [
    "type": "object",
    "required": .list(["type", "title", "status", "detail", "code"]),
    "properties": .record([
      "type": .record(["type": "string", "description": "urn:cohort:error: and the code."]),
      "title": .record(["type": "string"]), "status": .record(["type": "integer"]),
      "detail": .record(["type": "string", "description": "What happened, as a sentence."]),
      "code": .record(["type": "string", "description": "What programs compare: store.unknown-plan."]),
      "place": .record(["type": "string", "description": "The parameter, path, line or id."]),
      "cause": .record(["type": "string"]), "hint": .record(["type": "string", "description": "What to do."]),
      "report": .record(["type": "object", "description": "What was done before the work ended."]),
    ]),
  ]

  private static let readiness = JSONSchema.object([
    (name: "status", schema: JSONSchema.schema(.choice(["ready", "starting", "stopping"])), isRequired: true),
    (name: "stores", schema: JSONSchema.list(of: JSONSchema.object(condition)), isRequired: true),
  ])

  /// What is said of a store that may be closed.
  private static let condition: [(name: String, schema: ReportRecord, isRequired: Bool)] = [
    (name: "name", schema: JSONSchema.schema(.text), isRequired: true),
    (name: "state", schema: JSONSchema.schema(.choice(["open", "closed", "damaged"])), isRequired: true),
    (name: "problem", schema: JSONSchema.reference("Problem"), isRequired: false),
    (name: "short_of_room", schema: JSONSchema.schema(.boolean), isRequired: false),
  ]

  private static let store = JSONSchema.object(
    condition + [
      (name: "path", schema: JSONSchema.schema(.text), isRequired: true),
      (name: "samples", schema: JSONSchema.schema(count), isRequired: false),
      (name: "log_sequence", schema: JSONSchema.schema(count), isRequired: false),
    ])

  private static let job = JSONSchema.object([
    (name: "job", schema: JSONSchema.schema(.text), isRequired: true),
    (name: "verb", schema: JSONSchema.schema(.text), isRequired: true),
    (name: "store", schema: JSONSchema.schema(.text), isRequired: true),
    (
      name: "state", schema: JSONSchema.schema(.choice(["queued", "running", "done", "failed", "cancelled"])),
      isRequired: true
    ),
    (name: "created", schema: JSONSchema.schema(.time), isRequired: true),
    (name: "seconds", schema: JSONSchema.schema(.number), isRequired: true),
    (
      name: "progress",
      schema: JSONSchema.schema(
        .record([
          VerbField("stage", .text), VerbField("done", count), VerbField("total", .optional(count)),
          VerbField("unit", .text), VerbField("rate", .number, isRequired: false),
          VerbField("eta_seconds", .number, isRequired: false),
        ])), isRequired: false
    ),
    (name: "cancelling", schema: JSONSchema.schema(.boolean), isRequired: false),
    (name: "report", schema: JSONSchema.schema(.map(.any)), isRequired: false),
    (name: "problem", schema: JSONSchema.reference("Problem"), isRequired: false),
  ])

  /// The record of `cohort ingest --json`, and the first refused records.
  private static let intake = JSONSchema.object(
    [
      "inserted", "duplicates", "quarantined", "duplicates_differing", "duplicates_relabelled", "updated",
      "newly_quarantined", "records", "embedded", "without_vector", "input_bytes",
    ].map { VerbField($0, count) } + [
      VerbField("dry_run", .boolean), VerbField("reasons", .map(count)),
      VerbField(
        "sources",
        .list(
          .record([
            VerbField("source", .text), VerbField("path", .text), VerbField("layout", .optional(.text)),
            VerbField("new", count), VerbField("known", count), VerbField("refused", count),
          ]))),
      VerbField("notes", .list(.text)),
      VerbField(
        "failures",
        .list(
          .record([
            VerbField("code", .text), VerbField("message", .text), VerbField("place", .optional(.text)),
            VerbField("cause", .optional(.text)),
          ]))),
      VerbField(
        "rejected",
        .list(
          .record([VerbField("line", count), VerbField("reason", .text), VerbField("detail", .text)]))),
    ])
}
