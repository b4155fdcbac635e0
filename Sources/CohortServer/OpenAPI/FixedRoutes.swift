internal import CohortActions
internal import CohortIngestion
internal import CohortStore

/// The routes that are no verbs: probes, stores, jobs, events, and taking in samples.
enum FixedRoutes {
  /// In the order of the document.
  static let all = probes + stores + intake + jobs + events

  private static let store = OpenAPIDocument.storePath
  private static let usual: [ProblemStatus] = [.malformed, .noToken, .forbidden, .notFound, .busy]

  // MARK: Probes and documents

  private static let probes = [
    FixedRoute(
      method: .get, path: "/healthz", id: "healthz", tag: "daemon", summary: "Tell whether the process lives.",
      isOpen: true,
      answers: [
        ("200", FixedRoute.answer("It does.", "application/json", JSONSchema.object([VerbField("status", .text)])))
      ]),
    FixedRoute(
      method: .get, path: "/readyz", id: "readyz", tag: "daemon",
      summary: "Tell whether each store is open, or closed by damage.", isOpen: true,
      answers: [
        ("200", FixedRoute.answer("All of them are.", "application/json", JSONSchema.reference("Readiness"))),
        ("503", FixedRoute.answer("Some are not yet.", "application/json", JSONSchema.reference("Readiness"))),
      ]),
    FixedRoute(
      method: .get, path: "/metrics", id: "metrics", tag: "daemon",
      summary: "Give the process's figures as Prometheus reads them.", isOpen: true,
      answers: [("200", FixedRoute.answer("Text, version 0.0.4.", "text/plain", ["type": "string"]))],
      problems: [.busy]),
    FixedRoute(
      method: .get, path: "/openapi.json", id: "openapi", tag: "daemon", summary: "Give this document.", isOpen: true,
      answers: [("200", FixedRoute.answer("OpenAPI 3.1.", "application/json", ["type": "object"]))]),
  ]

  private static let stores = [
    FixedRoute(
      method: .get, path: "/v1/stores", id: "storeList", tag: "daemon", summary: "List the stores.",
      answers: [
        (
          "200",
          FixedRoute.answer(
            "Every store of the daemon.", "application/json", JSONSchema.list(of: JSONSchema.reference("StoreRow")))
        )
      ], problems: [.malformed, .noToken, .forbidden, .busy])
  ]

  // MARK: Taking in samples

  /// What `POST /samples` takes in its query and its head.
  private static let intakeParameters: [ReportRecord] =
    IntakeParameters.all.map { FixedRoute.query($0.name, intakeShapes[$0.name] ?? .text, $0.help) } + [
      FixedRoute.header(
        "Idempotency-Key", "A request that comes again under its key is carried out once, within 24 hours."),
      FixedRoute.header("Content-Encoding", "gzip or zstd."),
      ["$ref": "#/components/parameters/Prefer"],
    ]

  /// Those that are no texts.
  private static let intakeShapes: [String: ValueShape] = [
    "role": .list(.text), "max_rank": .integer(0...Int64.max), "dedupe": .choice(DedupeScope.allCases.map(\.name)),
    "update_labels": .boolean, "max_line_bytes": .integer(1...Int64.max),
    "quoting": .choice(IngestionOptions.Quoting.allCases.map(\.rawValue)),
  ]

  private static let intake = [
    FixedRoute(
      method: .post, path: "\(store)/samples", id: "ingest", tag: "samples",
      summary: "Take in samples. The answer comes when all of them are durable.", parameters: intakeParameters,
      body: [
        "required": true,
        "content": .record([
          "application/x-ndjson": text("A JSON object a line."),
          "application/json": .record([
            "schema": .record([
              "anyOf": .list([
                .record(JSONSchema.list(of: ["type": "object"])), .record(["type": "object"]),
              ])
            ])
          ]),
          "text/csv": text("RFC 4180, with the names of the fields in the first line."),
          "text/tab-separated-values": text("The same with tabs."),
          "application/octet-stream": text("What it is, its bytes tell."),
        ]),
      ],
      answers: [
        ("200", FixedRoute.answer("What became of the records.", "application/json", JSONSchema.reference("Intake"))),
        ("202", acceptedAnswer),
      ],
      problems: usual + [.conflict, .tooLarge, .mediaType, .unprocessable, .failure, .noRoom])
  ]

  private static func text(_ description: String) -> ReportValue {
    .record(["schema": .record(["type": "string", "description": .text(description)])])
  }

  // MARK: Jobs and events

  private static let job = FixedRoute.path("job", .text, "The job's id.")

  /// The answer of long work that goes on as a job.
  static let accepted = ReportValue.record(acceptedAnswer)

  private static let acceptedAnswer: ReportRecord = [
    "description": "The work goes on as a job. Nothing is acknowledged yet.",
    "headers": .record([
      "Location": .record(["$ref": "#/components/headers/Location"]),
      "Preference-Applied": .record(["schema": .record(["type": "string"])]),
    ]),
    "content": .record(["application/json": .record(["schema": .record(JSONSchema.reference("Job"))])]),
  ]

  private static let jobs = [
    FixedRoute(
      method: .get, path: "\(store)/jobs", id: "jobList", tag: "jobs", summary: "List the jobs, newest first.",
      answers: [
        (
          "200",
          FixedRoute.answer(
            "Those at work, and those that ended within the hour.", "application/json",
            JSONSchema.list(of: JSONSchema.reference("Job")))
        )
      ], problems: usual),
    FixedRoute(
      method: .get, path: "\(store)/jobs/{job}", id: "jobShow", tag: "jobs", summary: "Tell how far a job is.",
      parameters: [job],
      answers: [("200", FixedRoute.answer("The job.", "application/json", JSONSchema.reference("Job")))],
      problems: usual),
    FixedRoute(
      method: .delete, path: "\(store)/jobs/{job}", id: "jobCancel", tag: "jobs",
      summary: "Ask a job to stop; what it committed stays.", parameters: [job],
      answers: [
        ("200", FixedRoute.answer("The job as it is.", "application/json", JSONSchema.reference("Job")))
      ], problems: usual),
  ]

  private static let events = [
    FixedRoute(
      method: .get, path: "\(store)/events", id: "events", tag: "log",
      summary: "Follow the log: each entry as it commits, as server-sent events.",
      parameters: [
        FixedRoute.query(
          "kind", .list(.choice(LogKind.allCases.map(\.name))), "Only entries of this kind; may be repeated."),
        FixedRoute.query(
          "since", .unsigned(0...UInt64.max), "The last sequence number that was seen; else what comes from now on."),
        FixedRoute.header("Last-Event-ID", "The same, as clients send it when they come back."),
      ],
      answers: [
        (
          "200",
          FixedRoute.answer(
            "`id` is the entry's sequence number, `event` its kind, `data` the object that the log has as JSON.",
            "text/event-stream", ["type": "string"])
        )
      ], problems: usual + [.unprocessable])
  ]
}
