internal import CohortActions

/// A verb as an operation of the document.
struct VerbOperation {
  private let verb: Verb

  init(_ verb: Verb) { self.verb = verb }

  /// `planCreate`
  var id: String {
    let words = verb.name.split { $0 == " " || $0 == "-" }
    return words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// The first word of the path behind the store.
  var tag: String { verb.route.path.split(separator: "/").first.map(String.init) ?? "stores" }

  private var name: String { id.prefix(1).uppercased() + id.dropFirst() }
  private var body: [VerbParameter] { verb.parameters.filter { $0.place == .body } }

  /// The schemas of the request's body and of the answer.
  var schemas: ReportRecord {
    var schemas = ReportRecord()
    if !body.isEmpty {
      let members = body.map { (name: $0.name, schema: $0.schema, isRequired: $0.isRequired) }
      schemas.append("\(name)Request", .record(JSONSchema.object(members)))
    }
    switch verb.answer {
    case .record(let fields): schemas.append("\(name)Answer", .record(JSONSchema.object(fields)))
    case .rows(let fields, _): schemas.append("\(name)Row", .record(JSONSchema.object(fields)))
    case .table: schemas.append("\(name)Row", .record(["type": "object"]))
    case .file: break
    }
    return schemas
  }

  var record: ReportRecord {
    var operation: ReportRecord = [
      "operationId": .text(id), "tags": .list([.text(tag)]), "summary": .text(verb.abstract),
    ]
    var parameters = verb.parameters.filter { $0.place != .body }.map { ReportValue.record($0.description) }
    if verb.isLong { parameters.append(.record(["$ref": "#/components/parameters/Prefer"])) }
    if !parameters.isEmpty { operation.append("parameters", .list(parameters)) }
    if !body.isEmpty {
      operation.append(
        "requestBody",
        .record([
          "required": .boolean(body.contains(where: \.isRequired)),
          "content": .record([
            "application/json": .record(["schema": .record(JSONSchema.reference("\(name)Request"))])
          ]),
        ]))
    }
    operation.append("responses", .record(responses))
    return operation
  }

  private var responses: ReportRecord {
    var headers: ReportRecord = [
      "Cohort-Sequence": .record(["$ref": "#/components/headers/Cohort-Sequence"]),
      "Cohort-Partial": .record(["$ref": "#/components/headers/Cohort-Partial"]),
    ]
    if verb.route.status == 201 { headers.append("Location", .record(["$ref": "#/components/headers/Location"])) }
    var responses: ReportRecord = [
      "\(verb.route.status)": .record([
        "description": "Done.", "headers": .record(headers), "content": .record(content),
      ])
    ]
    if verb.isLong { responses.append("202", FixedRoutes.accepted) }
    for status in ProblemStatus.allCases where mayCome(status) {
      responses.append(status.response.name, status.response.value)
    }
    responses.append(ProblemStatus.others.name, ProblemStatus.others.value)
    return responses
  }

  private var content: ReportRecord {
    switch verb.answer {
    case .record: Self.record(JSONSchema.reference("\(name)Answer"))
    case .rows, .table: Self.rows(JSONSchema.reference("\(name)Row"))
    case .file(let types): Self.file(types)
    }
  }

  /// Bytes; of texts, characters.
  private static func file(_ types: [String]) -> ReportRecord {
    ReportRecord(
      types.map { type in
        let name = String(type.prefix { $0 != ";" })
        let schema: ReportRecord = type.contains("charset") || type.hasSuffix("xml") ? ["type": "string"] : [:]
        return (name: name, value: .record(["schema": .record(schema)]))
      })
  }

  /// An object, on one line in either type.
  private static func record(_ schema: ReportRecord) -> ReportRecord {
    [
      "application/json": .record(["schema": .record(schema)]),
      "application/x-ndjson": .record(["schema": .record(["type": "string", "contentSchema": .record(schema)])]),
    ]
  }

  /// An array, an object a line, or a table.
  private static func rows(_ row: ReportRecord) -> ReportRecord {
    var content: ReportRecord = ["application/json": .record(["schema": .record(JSONSchema.list(of: row))])]
    content.append(
      "application/x-ndjson",
      .record([
        "schema": .record(["type": "string", "description": "A row a line.", "contentSchema": .record(row)])
      ]))
    content.append(
      "text/csv",
      .record([
        "schema": .record(["type": "string", "description": "RFC 4180, with the names of the row in the first line."])
      ]))
    return content
  }

  /// A file is given whatever the request accepts.
  private var isFile: Bool { if case .file = verb.answer { true } else { false } }

  private func mayCome(_ status: ProblemStatus) -> Bool {
    switch status {
    case .tooLarge, .mediaType: !body.isEmpty
    case .conflict, .noRoom: verb.access != .reads
    case .notAcceptable: !isFile
    default: true
    }
  }
}

extension VerbParameter {
  /// What the value looks like, with what is taken where it is missing.
  fileprivate var schema: ReportRecord {
    var schema = JSONSchema.schema(shape)
    schema.append("description", .text(help))
    if let standard { schema.append("default", standard) }
    return schema
  }

  /// As a parameter of an operation.
  fileprivate var description: ReportRecord {
    var schema = JSONSchema.schema(shape)
    if let standard { schema.append("default", standard) }
    var record: ReportRecord = [
      "name": .text(name), "in": .text(place.rawValue), "required": .boolean(isRequired), "description": .text(help),
      "schema": .record(schema),
    ]
    if case .list = shape {
      record.append("style", "form")
      record.append("explode", true)
    }
    return record
  }
}
