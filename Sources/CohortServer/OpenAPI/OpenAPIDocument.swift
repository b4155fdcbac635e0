public import CohortActions
internal import CohortCore

/// The OpenAPI 3.1 document of the HTTP interface, made from the verbs and the fixed routes: `Schemas/openapi.json`, and
/// what `GET /openapi.json` answers.
public enum OpenAPIDocument {
  /// The document as text; the same for the same verbs.
  public static func text(verbs: [Verb] = VerbRegistry.verbs) -> String { PrettyJSON.text(.record(document(verbs))) }

  /// Where a store's routes stand.
  static let storePath = "/v1/stores/{store}"

  static func document(_ verbs: [Verb], _ fixed: [FixedRoute] = FixedRoutes.all) -> ReportRecord {
    [
      "openapi": "3.1.0",
      "info": .record([
        "title": "Cohort", "version": .text(Release.version),
        "summary": "Stores of instruction samples, their groups and their plans.",
        "description": .text(introduction), "license": .record(["name": "Apache-2.0", "identifier": "Apache-2.0"]),
      ]),
      "servers": .list([.record(["url": "/"])]),
      // On the unix socket the peer's user is known, and nothing else is asked for.
      "security": .list([.record(["token": .list([])]), .record([:])]),
      "tags": .list(tags(verbs, fixed).map { .record(["name": .text($0)]) }),
      "paths": .record(paths(verbs, fixed)),
      "components": .record(components(verbs, fixed)),
    ]
  }

  private static let introduction = """
    The verbs of the command line, with the same names, defaults and errors. Answers are JSON; lists also come as lines \
    of JSON (`Accept: application/x-ndjson`) and as CSV (`Accept: text/csv`). Errors are problem documents (RFC 9457). \
    Verbs that take long also run as jobs (`Prefer: respond-async`). Whole numbers go up to 2^64 - 1: read them with a \
    parser that keeps them.
    """

  // MARK: Paths

  private static func paths(_ verbs: [Verb], _ fixed: [FixedRoute]) -> ReportRecord {
    var paths: [(path: String, operations: ReportRecord)] = []
    func add(_ path: String, _ method: String, _ operation: ReportRecord) {
      let index = paths.firstIndex { $0.path == path } ?? paths.count
      if index == paths.count { paths.append((path, shared(path))) }
      paths[index].operations.append(method, .record(operation))
    }
    for route in fixed { add(route.path, route.method.rawValue.lowercased(), route.operation) }
    for verb in verbs {
      add(storePath + verb.route.path, verb.route.method.rawValue.lowercased(), VerbOperation(verb).record)
    }
    return ReportRecord(paths.map { (name: $0.path, value: .record($0.operations)) })
  }

  /// What all operations of a path have.
  private static func shared(_ path: String) -> ReportRecord {
    guard path.hasPrefix(storePath) else { return [:] }
    return ["parameters": .list([.record(["$ref": "#/components/parameters/Store"])])]
  }

  private static func tags(_ verbs: [Verb], _ fixed: [FixedRoute]) -> [String] {
    var tags: [String] = []
    for tag in fixed.map(\.tag) + verbs.map({ VerbOperation($0).tag }) where !tags.contains(tag) { tags.append(tag) }
    return tags
  }

  // MARK: Components

  private static func components(_ verbs: [Verb], _ fixed: [FixedRoute]) -> ReportRecord {
    var schemas = FixedRoutes.schemas
    for verb in verbs { VerbOperation(verb).schemas.fields.forEach { schemas.append($0.name, $0.value) } }
    return [
      "schemas": .record(schemas),
      "responses": .record(ProblemStatus.components),
      "parameters": .record([
        "Store": .record([
          "name": "store", "in": "path", "required": true, "description": "The store's name.",
          "schema": .record(["type": "string"]),
        ]),
        "Prefer": .record([
          "name": "Prefer", "in": "header", "required": false,
          "description": "`respond-async`: run as a job, and answer at once with where to find it.",
          "schema": .record(["type": "string"]),
        ]),
      ]),
      "headers": .record([
        "Cohort-Sequence": .record([
          "description": "The last entry of the store's log when the answer began.",
          "schema": .record(["type": "string"]),
        ]),
        "Cohort-Partial": .record([
          "description": "`true` when it was done and something was set aside.", "schema": .record(["type": "string"]),
        ]),
        "Retry-After": .record([
          "description": "Seconds after which to try again.", "schema": .record(["type": "string"]),
        ]),
        "Location": .record([
          "description": "Where the job is, or what was made.", "schema": .record(["type": "string"]),
        ]),
      ]),
      "securitySchemes": .record([
        "token": .record([
          "type": "http", "scheme": "bearer",
          "description": "A token of the daemon's token file: one that reads, or one that writes.",
        ])
      ]),
    ]
  }
}
