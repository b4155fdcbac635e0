internal import CohortActions

/// A route that is no verb, as the document describes it. Its code lies elsewhere; what it says here is held to that by
/// tests of the code.
struct FixedRoute: Sendable {
  let method: VerbRoute.Method
  let path: String
  /// Unique in the document.
  let id: String
  let tag: String
  let summary: String
  /// Whether no token is asked for.
  var isOpen = false
  var parameters: [ReportRecord] = []
  var body: ReportRecord?
  /// Successes, by status.
  let answers: [(status: String, answer: ReportRecord)]
  var problems: [ProblemStatus] = []

  /// As an operation of the document.
  var operation: ReportRecord {
    var operation: ReportRecord = [
      "operationId": .text(id), "tags": .list([.text(tag)]), "summary": .text(summary),
    ]
    if isOpen { operation.append("security", .list([])) }
    if !parameters.isEmpty { operation.append("parameters", .list(parameters.map { .record($0) })) }
    if let body { operation.append("requestBody", .record(body)) }
    var responses = ReportRecord(answers.map { (name: $0.status, value: .record($0.answer)) })
    for status in problems.sorted(by: { $0.rawValue < $1.rawValue }) {
      responses.append(status.response.name, status.response.value)
    }
    responses.append(ProblemStatus.others.name, ProblemStatus.others.value)
    operation.append("responses", .record(responses))
    return operation
  }

  /// A parameter in a query.
  static func query(_ name: String, _ shape: ValueShape, _ help: String) -> ReportRecord {
    parameter(name, "query", isRequired: false, shape, help)
  }

  /// A parameter in the path.
  static func path(_ name: String, _ shape: ValueShape, _ help: String) -> ReportRecord {
    parameter(name, "path", isRequired: true, shape, help)
  }

  /// A request's header.
  static func header(_ name: String, _ help: String) -> ReportRecord {
    parameter(name, "header", isRequired: false, .text, help)
  }

  private static func parameter(
    _ name: String, _ place: String, isRequired: Bool, _ shape: ValueShape, _ help: String
  ) -> ReportRecord {
    [
      "name": .text(name), "in": .text(place), "required": .boolean(isRequired), "description": .text(help),
      "schema": .record(JSONSchema.schema(shape)),
    ]
  }

  /// An answer of one media type.
  static func answer(_ description: String, _ mediaType: String, _ schema: ReportRecord) -> ReportRecord {
    [
      "description": .text(description),
      "content": .record([mediaType: .record(["schema": .record(schema)])]),
    ]
  }
}
