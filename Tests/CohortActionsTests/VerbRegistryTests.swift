import CohortCore
import CohortPipeline
import CohortTesting
import Testing

@testable import CohortActions

/// What holds for every verb, the next one included.
@Suite struct VerbRegistryTests {
  private static let verbs = VerbRegistry.verbs

  @Test func namesAndRoutesAreThereOnce() {
    #expect(Set(Self.verbs.map(\.name)).count == Self.verbs.count)
    #expect(Set(Self.verbs.map { "\($0.route.method) \($0.route.path)" }).count == Self.verbs.count)
  }

  @Test func bracesAreTheParametersOfThePath() {
    for verb in Self.verbs {
      let braces = verb.route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
      let parameters = verb.parameters.filter { $0.place == .path }
      #expect(parameters.map(\.name) == braces.map(String.init), "\(verb.name)")
      #expect(parameters.allSatisfy { $0.isRequired }, "\(verb.name)")
      #expect(verb.parameters.prefix(parameters.count).allSatisfy { $0.place == .path }, "\(verb.name)")
    }
  }

  @Test func readingVerbsAreAskedForAndOthersAreSent() {
    // A question that is a statement, a text or a vector is sent, too.
    for verb in Self.verbs
    where ![
      "sql", "query run", "sample search", "sample near", "sample duplicates",
    ].contains(verb.name) {
      #expect((verb.route.method == .get) == (verb.access == .reads), "\(verb.name)")
    }
    for verb in Self.verbs where verb.route.method == .get {
      #expect(!verb.parameters.contains { $0.place == .body }, "\(verb.name)")
    }
  }

  @Test func parametersAreNamedAsInJSONAndSayWhatTheyAre() {
    for verb in Self.verbs {
      #expect(Set(verb.parameters.map(\.name)).count == verb.parameters.count, "\(verb.name)")
      #expect(verb.abstract.hasSuffix("."), "\(verb.name)")
      for parameter in verb.parameters {
        #expect(parameter.name.allSatisfy { $0.isLowercase || $0 == "_" }, "\(verb.name) \(parameter.name)")
        #expect(parameter.help.hasSuffix("."), "\(verb.name) \(parameter.name)")
        #expect(!(parameter.isRequired && parameter.standard != nil), "\(verb.name) \(parameter.name)")
      }
    }
  }

  @Test func standardsAreValuesThatCouldBeGiven() throws {
    for verb in Self.verbs {
      for parameter in verb.parameters {
        guard let standard = parameter.standard else { continue }
        let checked = try parameter.shape.checked(standard, for: parameter.name)
        #expect(JSONText.string(checked) == JSONText.string(standard), "\(verb.name) \(parameter.name)")
      }
    }
  }

  /// A request for a verb that has what is needed, in texts that fit.
  private func request(_ verb: Verb) -> (
    path: [String: String], query: [(name: String, value: String)], body: ReportRecord
  ) {
    var (path, query, body): ([String: String], [(name: String, value: String)], ReportRecord) = ([:], [], [:])
    for parameter in verb.parameters where parameter.isRequired {
      let value: ReportValue =
        switch parameter.shape {
        case .choice(let words): .text(words[0])
        case .integer(let range): .integer(max(range.lowerBound, 1))
        case .unsigned(let range): .unsigned(max(range.lowerBound, 1))
        case .number, .bounded: .number(0)
        default: .text("nobody")
        }
      switch parameter.place {
      case .path: path[parameter.name] = CSVText.cell(value)
      case .query: query.append((parameter.name, CSVText.cell(value)))
      case .body: body.append(parameter.name, value)
      }
    }
    return (path, query, body)
  }

  private func arguments(
    _ verb: Verb, _ request: (path: [String: String], query: [(name: String, value: String)], body: ReportRecord)
  ) throws -> VerbArguments {
    try verb.arguments(
      path: request.path, query: request.query, body: Array(JSONText.string(.record(request.body)).utf8))
  }

  @Test func everyVerbRefusesNamesThatItDoesNotTake() throws {
    for verb in Self.verbs {
      let good = request(verb)
      _ = try arguments(verb, good)
      var query = good
      query.query.append(("zzzzzz", "1"))
      #expect(try failure { _ = try arguments(verb, query) }.place == "zzzzzz", "\(verb.name)")
      var body = good
      body.body.append("zzzzzz", .integer(1))
      let error = try failure { _ = try arguments(verb, body) }
      #expect(error.code == .cliArgument && error.place == "zzzzzz", "\(verb.name)")
    }
  }

  @Test func everyVerbMissesWhatItNeeds() throws {
    for verb in Self.verbs {
      for parameter in verb.parameters where parameter.isRequired {
        var less = request(verb)
        less.path[parameter.name] = nil
        less.query.removeAll { $0.name == parameter.name }
        less.body = ReportRecord(less.body.fields.filter { $0.name != parameter.name })
        let error = try failure { _ = try arguments(verb, less) }
        #expect(error.code == .cliArgument && error.place == parameter.name, "\(verb.name) \(parameter.name)")
      }
    }
  }

  @Test func everyParameterRefusesWhatItIsNot() throws {
    for verb in Self.verbs {
      for parameter in verb.parameters {
        var wrong = request(verb)
        switch (parameter.place, parameter.shape) {
        case (_, .any), (.path, .text), (.query, .text), (.query, .list(.text)): continue
        case (.path, _): wrong.path[parameter.name] = "x"
        case (.query, _):
          wrong.query.removeAll { $0.name == parameter.name }
          wrong.query.append((parameter.name, "x"))
        case (.body, _):
          wrong.body = ReportRecord(wrong.body.fields.filter { $0.name != parameter.name })
          wrong.body.append(parameter.name, .list([.list([])]))
        }
        let error = try failure { _ = try arguments(verb, wrong) }
        #expect(error.code == .cliArgument && error.place == parameter.name, "\(verb.name) \(parameter.name)")
      }
    }
  }

  /// What is named in a path and is not there is not found, whatever the verb.
  @Test func namesInPathsThatNothingHasAreNotFound() throws {
    let store = try VerbStore(samples: 3)
    try store.ask("grouping create", #"{"name":"tasks","by":"task"}"#)
    for verb in Self.verbs where verb.parameters.contains(where: { $0.place == .path }) {
      var asked = request(verb)
      if verb.name == "sample show" { asked.path["id"] = "999" }
      let error = try failure {
        _ = try verb.run(arguments(verb, asked), on: store.store, JobControl())
      }
      #expect(error.category == .notFound, "\(verb.name): \(error)")
    }
  }
}
