import CohortCore
import CohortTesting
import Testing

@testable import CohortActions

/// Requests that can be read and make no sense: each verb's own rules.
@Suite struct VerbRefusalTests {
  private func refusal(
    _ store: VerbStore, _ name: String, path: [String: String] = [:], query: [(name: String, value: String)] = [],
    _ body: String = ""
  ) throws -> CohortError {
    try failure {
      try store.ask(name, path: path, query: query, body)
      throw CohortError(.cliArgument, "'\(name)' takes \(body)")
    }
  }

  @Test func choicesThatExcludeEachOtherAreRefused() throws {
    let store = try VerbStore(samples: 6)
    let cases: [(String, String, String)] = [
      ("sample delete", "{}", "ids"),
      ("sample delete", #"{"ids":[1],"task":"sum"}"#, "ids"),
      ("sample delete", #"{"group":1}"#, "group"),
      ("sample delete", #"{"grouping":"tasks"}"#, "grouping"),
      ("sample relabel", #"{"ids":[1]}"#, "set"),
      ("sample relabel", #"{"ids":[1],"set":{}}"#, "set"),
      ("sample relabel", #"{"ids":[1],"set":{"a=b":1}}"#, "set"),
      ("sample relabel", #"{"ids":[1],"to_task":"a","no_task":true}"#, "no_task"),
      ("grouping create", #"{"name":"a","by":"tsk"}"#, "by"),
      ("length add", #"{"name":"a","unit":"tokens"}"#, "tokenizer"),
      ("length add", #"{"name":"a","unit":"words","tokenizer":"{}"}"#, "tokenizer"),
      ("space create", #"{"name":"a","url":"http://localhost:1"}"#, "url"),
      ("space create", #"{"name":"a","provider":"tei"}"#, "url"),
      ("plan create", #"{"name":"a","snapshot":"s","grouping":"g","batch_size":1,"weights":"heavy"}"#, "weights"),
      ("plan create", #"{"name":"a","snapshot":"s","grouping":"g","batch_size":1,"phases":"x"}"#, "phases"),
      (
        "plan create", #"{"name":"a","snapshot":"s","grouping":"g","batch_size":1,"phases":"random","random":true}"#,
        "phases"
      ),
    ]
    for (name, body, place) in cases {
      let error = try refusal(store, name, body)
      #expect(error.code == .cliArgument, "\(name) \(body): \(error)")
      #expect(error.place == place, "\(name) \(body): \(error)")
    }
    #expect(try refusal(store, "grouping create", #"{"name":"a","by":"tsk"}"#).hint == "Did you mean 'task'?")
  }

  @Test func theActionsOwnRefusalsComeThrough() throws {
    let store = try VerbStore(samples: 6)
    let cases: [(String, String, String)] = [
      ("sample delete", #"{"ids":[6]}"#, "cli.unknown-sample"),
      ("sample delete", #"{"task":"smu"}"#, "store.unknown-task"),
      ("sample delete", #"{"where":["nothing"]}"#, "pipeline.condition"),
      ("grouping create", #"{"name":"a","by":"task","groups":3}"#, "cli.usage"),
      ("grouping create", #"{"name":"a","by":"embedding","space":"nobody"}"#, "store.unknown-embedding-space"),
      ("grouping create", #"{"name":"","by":"task"}"#, "store.name"),
      ("snapshot create", #"{"name":"s","grouping":["nobody"]}"#, "store.unknown-grouping"),
      ("plan create", #"{"name":"p","snapshot":"s","grouping":"g","batch_size":0}"#, "planning.invalid-configuration"),
      ("plan create", #"{"name":"p","snapshot":"s","grouping":"g","batch_size":1}"#, "store.unknown-snapshot"),
      ("train", #"{"plan":"p","epochs":1}"#, "store.unknown-plan"),
      ("update", #"{"grouping":"nobody"}"#, "store.unknown-grouping"),
      ("embed run", #"{"space":"nobody"}"#, "store.unknown-embedding-space"),
      ("sql", #"{"sql":"DELETE FROM sources"}"#, "catalog.refused"),
    ]
    for (name, body, code) in cases {
      let error = try refusal(store, name, body)
      #expect(error.code.name == code, "\(name) \(body): \(error)")
    }
    try store.ask("grouping create", #"{"name":"tasks","by":"task"}"#)
    let twice = try refusal(store, "grouping create", #"{"name":"tasks","by":"task"}"#)
    #expect(twice.code.name == "store.grouping-exists")
  }

  @Test func stepsAreOfAPlanAndItsRanks() throws {
    let store = try VerbStore(samples: 30)
    try store.ask("grouping create", #"{"name":"tasks","by":"task"}"#)
    try store.ask("snapshot create", #"{"name":"s"}"#)
    try store.ask("plan create", #"{"name":"p","snapshot":"s","grouping":"tasks","batch_size":4}"#)
    func error(_ query: [(name: String, value: String)]) throws -> CohortError {
      try refusal(store, "plan show", path: ["plan": "p"], query: query)
    }
    #expect(try error([("world", "2")]).place == "world")
    #expect(try error([("from", "3"), ("to", "2")]).place == "to")
    #expect(try error([("rank", "2"), ("world", "2")]).code.name == "planning.invalid-slice")
    #expect(try error([("from", "9999")]).code == .cliNoSuchStep)
    #expect(try store.ask("plan show", path: ["plan": "p"], query: [("from", "2"), ("to", "2")]).rows.isEmpty)
    let far = try store.ask("plan show", path: ["plan": "p"], query: [("epoch", "\(UInt64.max)"), ("to", "1")])
    #expect(far.rows.count == 1)
    let parts: [(name: String, value: String)] = [("epochs", "1"), ("world", "65536"), ("accumulate", "2")]
    #expect(try refusal(store, "plan digest", path: ["plan": "p"], query: parts).place == "accumulate")
    let none = try refusal(store, "grouping refine", path: ["grouping": "tasks"])
    #expect(none.code == .cliUsage)
  }
}
