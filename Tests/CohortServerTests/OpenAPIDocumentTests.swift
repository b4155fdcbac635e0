import CohortActions
import CohortTesting
import HTTPTypes
import Foundation
import Testing

@testable import CohortServer

/// The checked-in document is what the code says.
@Suite struct OpenAPIDocumentTests {
  private static let file = "Schemas/openapi.json"

  /// After a change of verbs or routes: `COHORT_UPDATE_SCHEMAS=1 swift test --filter OpenAPIDocumentTests` writes the file
  /// anew; look at what changed before it is committed.
  @Test func theFileIsWhatTheCodeSays() throws {
    let text = OpenAPIDocument.text()
    if ProcessInfo.processInfo.environment["COHORT_UPDATE_SCHEMAS"] == "1" {
      try Data(text.utf8).write(to: URL(fileURLWithPath: Checkout.path(Self.file)))
    }
    let stored = (try? Checkout.text(Self.file)) ?? ""
    let lines = zip(text.split(separator: "\n"), stored.split(separator: "\n")).enumerated()
    let difference = lines.first { $0.element.0 != $0.element.1 }.map { "line \($0.offset + 1): \($0.element.0)" }
    #expect(
      text == stored,
      "\(Self.file) is out of date at \(difference ?? "its end"); COHORT_UPDATE_SCHEMAS=1 in this test writes it anew")
  }

  @Test func theTextIsTheSameEachTime() {
    #expect(OpenAPIDocument.text() == OpenAPIDocument.text())
  }

  private func document() throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(OpenAPIDocument.text().utf8))
    return try #require(object as? [String: Any])
  }

  /// Every value below a value, with itself.
  private func all(_ value: Any) -> [Any] {
    switch value {
    case let object as [String: Any]: [value] + object.values.flatMap(all)
    case let list as [Any]: [value] + list.flatMap(all)
    default: [value]
    }
  }

  @Test func referencesLeadSomewhere() throws {
    let document = try document()
    let references = Set(all(document).compactMap { ($0 as? [String: Any])?["$ref"] as? String })
    #expect(references.count > 50)
    for reference in references {
      let parts = reference.split(separator: "/").dropFirst()
      var place: Any? = document
      for part in parts { place = (place as? [String: Any])?[String(part)] }
      #expect(place != nil, "\(reference)")
    }
  }

  @Test func everyVerbIsAnOperationAndEveryOperationHasItsOwnID() throws {
    let paths = try #require(try document()["paths"] as? [String: [String: Any]])
    for verb in VerbRegistry.verbs {
      let operation = paths["/v1/stores/{store}" + verb.route.path]?[verb.route.method.rawValue.lowercased()]
      #expect(operation is [String: Any], "\(verb.name)")
    }
    let ids = paths.values.flatMap(\.values).compactMap { ($0 as? [String: Any])?["operationId"] as? String }
    #expect(Set(ids).count == ids.count)
    #expect(ids.count == VerbRegistry.verbs.count + FixedRoutes.all.count)
  }

  /// Clients may rely on it: no request and no answer of a verb has a member that is not written down.
  @Test func requestsAndAnswersAreClosed() throws {
    let components = try #require(try document()["components"] as? [String: Any])
    let schemas = try #require(components["schemas"] as? [String: [String: Any]])
    let open = schemas.filter { $0.value["type"] as? String == "object" && $0.value["additionalProperties"] == nil }
    #expect(open.keys.sorted() == ["Problem", "QueryRunRow", "SqlRow"])
  }

  /// What the server answers beside the verbs is described, and asks for a token where the server does.
  @Test func routesOfTheServiceAreDescribed() {
    for route in ServiceRoutes.all(openAPI: { "" }) {
      let described = FixedRoutes.all.first {
        $0.path == route.pattern && $0.method.rawValue == route.method.rawValue
      }
      #expect(described?.isOpen == (route.rights == .none), "\(route.method) \(route.pattern)")
    }
  }

  @Test func longVerbsCanBeJobs() throws {
    let paths = try #require(try document()["paths"] as? [String: [String: Any]])
    for verb in VerbRegistry.verbs {
      let path = try #require(paths["/v1/stores/{store}" + verb.route.path])
      let operation = try #require(path[verb.route.method.rawValue.lowercased()] as? [String: Any])
      let responses = try #require(operation["responses"] as? [String: Any])
      #expect((responses["202"] != nil) == verb.isLong, "\(verb.name)")
      #expect(responses["\(verb.route.status)"] != nil, "\(verb.name)")
    }
  }
}
