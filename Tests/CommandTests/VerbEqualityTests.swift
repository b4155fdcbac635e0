import CohortActions
import CohortPipeline
import CohortStore
import Foundation
import Testing

/// A verb answers a request with the bytes that the command line prints as JSON.
@Suite struct VerbEqualityTests {
  private struct Case: Sendable {
    let verb: String
    var path: [String: String] = [:]
    var query: [String] = []
    var body = ""
    let arguments: [String]
  }

  private static let cases = [
    Case(verb: "grouping list", arguments: ["grouping", "list"]),
    Case(verb: "group list", path: ["grouping": "tasks"], arguments: ["group", "list", "--grouping", "tasks"]),
    Case(
      verb: "group list", path: ["grouping": "tasks"], query: ["sort", "size"],
      arguments: ["group", "list", "--grouping", "tasks", "--sort", "size"]),
    Case(
      verb: "group show", path: ["grouping": "tasks", "group": "0"], query: ["history", "true", "samples", "2"],
      arguments: ["group", "show", "0", "--grouping", "tasks", "--history", "--samples", "2"]),
    Case(
      verb: "group compare", query: ["first", "tasks", "second", "tasks@monday"],
      arguments: ["group", "compare", "tasks", "tasks@monday"]),
    Case(verb: "length list", arguments: ["length", "list"]),
    Case(verb: "space list", arguments: ["space", "list"]),
    Case(verb: "model list", arguments: ["model", "list"]),
    Case(verb: "snapshot list", arguments: ["snapshot", "list"]),
    Case(verb: "plan list", arguments: ["plan", "list"]),
    Case(
      verb: "plan show", path: ["plan": "first"], query: ["epoch", "1", "from", "2", "to", "5"],
      arguments: ["plan", "show", "first", "--epoch", "1", "--steps", "2..<5"]),
    Case(
      verb: "plan show", path: ["plan": "first"], query: ["rank", "1", "world", "2", "accumulate", "2"],
      arguments: ["plan", "show", "first", "--rank", "1", "--world", "2", "--accumulate", "2"]),
    Case(
      verb: "plan show", path: ["plan": "first"], query: ["from", "2", "to", "3", "text", "true"],
      arguments: ["plan", "show", "first", "--steps", "2", "--text"]),
    Case(
      verb: "plan which", path: ["plan": "first", "id": "17"], query: ["epoch", "1", "world", "2", "accumulate", "2"],
      arguments: ["plan", "which", "first", "--id", "17", "--epoch", "1", "--world", "2", "--accumulate", "2"]),
    Case(
      verb: "plan digest", path: ["plan": "first"], query: ["epochs", "2"],
      arguments: ["plan", "digest", "first", "--epochs", "2"]),
    Case(verb: "run list", arguments: ["run", "list"]),
    Case(verb: "log", arguments: ["log"]),
    Case(
      verb: "log", query: ["from", "2", "kind", "ingest"], arguments: ["log", "--from", "2", "--kind", "ingest"]),
    Case(
      verb: "sql", body: #"{"sql":"SELECT name, inserted FROM sources"}"#,
      arguments: ["sql", "SELECT name, inserted FROM sources"]),
    Case(
      verb: "sample delete", body: #"{"task":"poem","where":["kind!=code"],"dry_run":true}"#,
      arguments: ["sample", "delete", "--task", "poem", "--where", "kind!=code", "--dry-run"]),
    Case(
      verb: "sample relabel", body: #"{"ids":[1,2,3],"to_task":"verse","dry_run":true}"#,
      arguments: ["sample", "relabel", "1..<4", "--to-task", "verse", "--dry-run"]),
  ]

  @Test func requestsAreAnsweredAsCommandsPrint() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let store = try Store.open(at: program.folder.appendingPathComponent("cohort").path)
      for one in Self.cases {
        let words = (one.arguments + ["--json"]).map { "'\($0)'" }.joined(separator: " ")
        let printed = try program.shell("cohort \(words)")
        #expect(printed.status == 0, "\(one.verb): \(printed)")
        #expect(try answer(one, store) == printed.output, "\(one.verb)")
      }
      // One sample is a list of one on the command line.
      let sample = try answer(Case(verb: "sample show", path: ["id": "17"], arguments: []), store)
      #expect(try "[\n\(sample.dropLast())\n]\n" == program.cohort("sample", "show", "17", "--json").output)
    }
  }

  /// What a verb answers, in the lines of the command line.
  private func answer(_ one: Case, _ store: Store) throws -> String {
    let verb = try #require(VerbRegistry.verb(named: one.verb))
    let query = stride(from: 0, to: one.query.count, by: 2).map { (name: one.query[$0], value: one.query[$0 + 1]) }
    let arguments = try verb.arguments(path: one.path, query: query, body: Array(one.body.utf8))
    var rows: [String] = []
    let end = try verb.run(arguments, on: store, JobControl()) { rows.append(JSONText.string(.record($0))) }
    if let record = end.record { return JSONText.string(.record(record)) + "\n" }
    if case .rows(_, isStream: true) = verb.answer { return rows.map { $0 + "\n" }.joined() }
    return rows.isEmpty ? "[]\n" : "[\n\(rows.joined(separator: ",\n"))\n]\n"
  }
}
