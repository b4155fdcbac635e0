import CohortCore
import CohortTesting
import Foundation
import Testing

@testable import CohortActions

/// Every verb, on a store that is made by verbs: its answer is what it declares, both ways.
@Suite struct VerbAnswerTests {
  private static let tokenizer = Checkout.bundledTokenizer

  /// Asks everything that there is to ask, once or more.
  private func walk(_ store: VerbStore) throws {
    try store.ask("space create", #"{"name":"default"}"#)
    try store.ask("space create", #"{"name":"answers","text":"response"}"#)
    try store.ask("space default", path: ["space": "default"])
    try store.ask("embed run", #"{"space":"default"}"#)
    try store.ask("space list")
    try store.ask("space show", path: ["space": "default"])
    try store.ask("model list")
    try store.ask("model info", path: ["model": store.ask("model list").rows[0].text("model") ?? ""])
    try store.ask("length add", #"{"name":"words","unit":"words"}"#)
    let tokenizer = try String(contentsOfFile: Self.tokenizer, encoding: .utf8)
    try store.ask("length add", #"{"name":"tokens","unit":"tokens","tokenizer":\#(JSONText.string(.text(tokenizer)))}"#)
    try store.ask("grouping create", #"{"name":"tasks","by":"task"}"#)
    try store.ask("grouping create", #"{"name":"lengths","by":"length:words","edges":[4,9]}"#)
    try store.ask("grouping create", #"{"name":"topics","by":"embedding","groups":3}"#)
    let anchors = #"{"label":"a","text":"adding numbers"}"# + "\n" + #"{"label":"b","text":"rivers and stars"}"#
    try store.ask("grouping create", #"{"name":"exams","by":"anchors","anchors":\#(JSONText.string(.text(anchors)))}"#)
    try store.ask("grouping create", #"{"name":"both","by":"topics*tasks","min_size":2}"#)
    try store.ask("update", #"{"grouping":"tasks"}"#)
    try store.ask("update")
    try store.ask("grouping refine", path: ["grouping": "topics"], #"{"passes":2}"#)
    try store.ask("grouping list")
    try store.ask("length list")
    for grouping in ["tasks", "lengths", "topics", "exams", "both"] {
      let groups = try store.ask("group list", path: ["grouping": grouping], query: [("sort", "size")]).rows
      let group = try "\(#require(groups.first?.number("group")))"
      let shown = try store.ask(
        "group show", path: ["grouping": grouping, "group": group], query: [("history", "true"), ("samples", "2")])
      let history = try store.ask("group history", path: ["grouping": grouping, "group": group])
      #expect(
        JSONText.string(.list(history.rows.map { .record($0) })) == JSONText.string(.list(shown.record.list("history")))
      )
    }
    for order in GroupListAction.Order.allCases {
      let rows = try ["false", "true"].map { reversed in
        try store.ask(
          "group list", path: ["grouping": "lengths"], query: [("sort", order.rawValue), ("reverse", reversed)]
        ).rows.map { $0.number("group") }
      }
      #expect(Set(rows[0]) == Set(rows[1]) && (order != .id || rows[0] == rows[1].reversed()), "\(order)")
    }
    try store.ask("snapshot create", #"{"name":"monday"}"#)
    try store.ask("snapshot create", #"{"name":"free","grouping":["tasks"],"where_source":["licence=MIT"]}"#)
    try store.ask("snapshot list")
    let same = try store.ask("group compare", query: [("first", "topics@monday"), ("second", "topics")]).record
    #expect(same.number("moved") == 0 && same["nmi"]?.double == 1)
    try store.ask("group compare", query: [("first", "topics"), ("second", "tasks"), ("cells", "2"), ("moves", "3")])
    try store.ask(
      "selection create", #"{"name":"core","snapshot":"monday","grouping":"topics","count":9,"probe":"task"}"#)
    try store.ask(
      "selection create",
      #"{"name":"even","snapshot":"monday","method":"random","strata":"tasks*lengths","tokens":400,"exclude":["core"]}"#
    )
    try store.ask("selection list")
    try store.ask("selection show", path: ["selection": "even"])
    try store.ask("selection rows", path: ["selection": "core"])
    try store.ask("selection grow", path: ["selection": "core"], #"{"snapshot":"monday","name":"more","count":12}"#)
    try store.ask("selection compare", path: ["selection": "core"], query: [("with", "more")])
    try store.ask(
      "selection split", #"{"name":"run","snapshot":"monday","fraction":0.2,"grouping":"topics","apart":0.9999}"#)
    try store.ask("selection show", path: ["selection": "run.train"])
    try store.ask(
      "selection sweep",
      query: [("snapshot", "monday"), ("methods", "random"), ("fractions", "0.1"), ("seeds", "1"), ("draws", "2")])
    try store.ask("plan create", #"{"name":"small","selection":"core","grouping":"tasks","batch_size":2}"#)
    try store.ask("selection drop", path: ["selection": "even"])
    try store.ask(
      "plan create",
      #"{"name":"first","snapshot":"monday","grouping":"tasks","batch_size":8,"seed":18446744073709551615}"#)
    // The snapshot pins several groupings: which one is to be said. One that pins only one says it itself.
    #expect(throws: CohortError.self) {
      try store.ask("plan create", #"{"name":"which","snapshot":"monday","batch_size":8}"#)
    }
    let parts = try store.ask(
      "plan create", #"{"name":"only","snapshot":"free","batch_size":4,"tail":"short","world":3,"accumulate":2}"#
    ).record
    #expect(parts.number("world") == 3 && parts.number("accumulate") == 2)
    try store.ask("plan drop", path: ["plan": "only"])
    #expect(parts.number("empty_parts") ?? 0 > 0 && parts.number("steps_with_empty_parts") == parts.number("steps"))
    try store.ask("plan list")
    try store.ask("plan show", path: ["plan": "first"], query: [("from", "1"), ("to", "3")])
    try store.ask(
      "plan show", path: ["plan": "first"], query: [("rank", "1"), ("world", "2"), ("accumulate", "2")])
    try store.ask("plan digest", path: ["plan": "first"], query: [("epochs", "2")])
    try store.ask("train", #"{"plan":"first","epochs":1,"checkpoint_every":4,"run":"calm"}"#)
    try store.ask("train", #"{"plan":"first","epochs":2,"run":"calm","resume":true}"#)
    try store.ask("run list")
    #expect(try !store.ask("run show", path: ["run": "calm"]).record.list("losses").isEmpty)
    let loss = #"{"by":"task","name":"sum","steps":3,"tokens":90,"mean":2.5,"first":3.5,"last":null}"#
    try store.ask(
      "run note", path: ["run": "far"],
      #"{"plan":"first","epoch":1,"step":2,"steps":9,"samples":72,"tokens":90,"losses":[\#(loss)]}"#)
    let far = try store.ask("run show", path: ["run": "far"]).record
    #expect(JSONText.string(.list(far.list("losses"))) == "[\(loss)]")
    try store.ask("sample list", query: [("task", "sum"), ("where", "lang=en"), ("limit", "3")])
    try store.ask("sample show", path: ["id": "17"])
    try store.ask("sample show", path: ["id": "17"], query: [("everything", "true")])
    let drawn = try store.ask("sample show", path: ["id": "17"], query: [("plan", "first"), ("epoch", "1")]).record
    let which = try store.ask(
      "plan which", path: ["plan": "first", "id": "17"], query: [("epoch", "1"), ("world", "2"), ("accumulate", "2")])
    guard case .record(let step) = drawn.list("steps").first else { throw Unexpected("no step") }
    #expect(step.number("step") == which.record.number("step"))
    #expect(which.record.number("rank") != nil && which.record.list("places").count == 1)
    let shown = try store.ask(
      "plan show", path: ["plan": "first"],
      query: [("epoch", "1"), ("from", "\(step.number("step") ?? 0)"), ("text", "true")])
    #expect(JSONText.string(.list(shown.rows[0].list("samples"))).contains("question 17 about"))
    let search = try store.ask("sample search", #"{"query":"question 17","limit":2}"#).record
    guard case .record(let best) = search.list("found").first else { throw Unexpected("nothing was found") }
    #expect(best.number("id") == 17 && best.text("snippet")?.contains("**17**") == true)
    #expect(search.number("unsearched") == 0 && (search.number("matches") ?? 0) >= 1)
    let some = try store.ask(
      "sample search",
      #"{"query":"river* OR sum*","task":"sum","where":["lang=en"],"longer_than":0,"grouping":"tasks","group":0}"#)
    #expect(some.record.number("matches") != nil)
    let near = try store.ask("sample near", #"{"id":17,"k":4,"space":"default"}"#).record
    #expect(near.list("nearest").count == 4)
    try store.ask("sample near", #"{"text":"rivers and stars","grouping":"topics","check":true}"#)
    try store.ask("sample near", #"{"text":"rivers","task":"poem","exact":true}"#)
    let duplicates = try store.ask("sample duplicates", #"{"threshold":0.9,"space":"default"}"#).record
    #expect(!duplicates.list("list").isEmpty && duplicates.list("sources").count == 1)
    try store.ask("sample duplicates", #"{"threshold":0.99,"within":"tasks","across":["lines"]}"#)
    try store.ask("sample relabel", #"{"task":"sum","to_task":"sums","set":{"level":3,"checked":{"by":"me"}}}"#)
    try store.ask("sample delete", #"{"ids":[3,4]}"#)
    try store.ask("sample delete", #"{"task":"poem","where":["lang!=en"],"erase":true,"reason":"take-down"}"#)
    try store.ask("info")
    try store.ask("log", query: [("last", "5")])
    try store.ask("log", query: [("kind", "delete"), ("kind", "relabel")])
    #expect(try store.ask("sql", #"{"sql":"SELECT name FROM sources"}"#).rows.map { $0.text("name") } == ["lines"])
    try store.ask("query save", #"{"name":"sizes","sql":"SELECT name FROM sources WHERE inserted > :least"}"#)
    try store.ask("query save", #"{"name":"sizes","sql":"SELECT :x + 1 AS y","about":"adds","replace":true}"#)
    #expect(try store.ask("query list").rows.map { $0.text("about") } == ["adds"])
    let sum = try store.ask("query run", path: ["query": "sizes"], #"{"params":{"x":41}}"#).rows
    #expect(sum.first?.number("y") == 42)
    try store.ask("query drop", path: ["query": "sizes"])
    try store.ask("map create", #"{"name":"overview","grouping":"topics"}"#)
    #expect(try store.ask("map list").rows.map { $0.text("grouping") } == ["topics"])
    try store.ask("map show", path: ["map": "overview"])
    #expect(try store.ask("map places", path: ["map": "overview"]).rows.first?["x"]?.double?.isFinite == true)
    let page = try store.ask("map draw", path: ["map": "overview"], query: [("colour", "age"), ("label", "terms")])
    #expect(page.end.file?.mediaType == "text/html; charset=utf-8")
    let picture = try store.ask(
      "map draw", path: ["map": "overview"], query: [("form", "png"), ("width", "400"), ("height", "320")])
    #expect(picture.end.file?.bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) == true)
    try store.ask("map update", path: ["map": "overview"], #"{"tail":true}"#)
    try store.ask("update")
    try store.ask("map refit", path: ["map": "overview"])
    try store.ask("map drop", path: ["map": "overview"])
    try store.ask("rebuild-catalog")
    try store.ask("compact")
    try store.ask("compact", #"{"codec":"zstd","level":3}"#)
    try store.ask("plan drop", path: ["plan": "first"])
    try store.ask("snapshot drop", path: ["snapshot": "free"])
    try store.ask("grouping drop", path: ["grouping": "lengths"])
    try store.ask("length drop", path: ["measure": "words"])
    try store.ask("space drop", path: ["space": "answers"])
  }

  @Test func everyAnswerIsWhatItsVerbDeclares() throws {
    let store = try VerbStore()
    try walk(store)
    let verbs = VerbRegistry.verbs
    #expect(verbs.map(\.name).filter { !store.asked.contains($0) } == [])
    // Members that are not always there were there once: none is declared for nothing. Who keeps others from writing is told
    // only after ten seconds, which is shown where the programs are run.
    let seldom = verbs.flatMap { verb in
      let fields: [VerbField] =
        switch verb.answer {
        case .record(let fields), .rows(let fields, _): fields
        case .table, .file: []
        }
      return fields.filter { !$0.isRequired }.map { "\(verb.name).\($0.name)" }
    }
    #expect(seldom.filter { !store.seen.contains($0) } == ["info.overdue_turn"])
  }

  /// Columns of CSV come from the fields of the rows: they are those of the command line, in its order.
  @Test func rowsHaveTheColumnsOfTheirActions() throws {
    func check<A: ListAction>(_ type: A.Type, _ verb: Verb) {
      guard case .rows(let fields, let isStream) = verb.answer else {
        Issue.record("\(verb.name) has no rows")
        return
      }
      #expect(isStream == A.isStream)
      let columns = Set(A.columns.map(\.name))
      let required = Set(fields.filter(\.isRequired).map(\.name))
      #expect(required == columns, "\(verb.name)")
    }
    let actions: [any ListAction.Type] = [
      SampleListAction.self, GroupingListAction.self, GroupListAction.self, GroupHistoryAction.self,
      LengthListAction.self, SpaceListAction.self, ModelListAction.self, SnapshotListAction.self, PlanListAction.self,
      PlanShowAction.self, RunListAction.self, LogAction.self, QueryListAction.self,
    ]
    for action in actions { check(action, try #require(VerbRegistry.verb(named: action.name))) }
  }

  @Test func anUpdateTellsWhatItCouldNotDo() throws {
    let store = try VerbStore(samples: 6)
    try store.ask("space create", #"{"name":"default"}"#)
    try store.ask("grouping create", #"{"name":"topics","by":"embedding","groups":2}"#)
    let model = try #require(try store.ask("model list").rows.first?.text("path"))
    try FileManager.default.removeItem(atPath: model)
    let answer = try store.ask("update")
    #expect(answer.end.failure != nil)
    let trouble = try #require(answer.record.list("troubles").first)
    guard case .record(let trouble) = trouble else { throw Unexpected("no record") }
    #expect(trouble.text("kind") == "space")
    #expect(trouble.text("name") == "default")
    #expect(JSONText.string(.list(answer.record.list("waiting"))) == #"["topics"]"#)
  }

  @Test func aDryRunReads() throws {
    let verb = try #require(VerbRegistry.verb(named: "sample delete"))
    let dry = try verb.arguments(body: Array(#"{"ids":[1],"dry_run":true}"#.utf8))
    #expect(verb.access(for: dry) == .reads)
    #expect(verb.access(for: try verb.arguments(body: Array(#"{"ids":[1]}"#.utf8))) == .updates)
    let store = try VerbStore(samples: 6)
    let answer = try store.ask("sample delete", #"{"ids":[1],"dry_run":true}"#)
    #expect(answer.record.number("deleted") == 1)
    #expect(try store.ask("info").record.number("samples") == 6)
  }

  @Test func whatIsWrongInAGivenTextNamesTheParameter() throws {
    let store = try VerbStore(samples: 6)
    try store.ask("space create", #"{"name":"default"}"#)
    let anchors = try failure {
      try store.ask("grouping create", #"{"name":"a","by":"anchors","anchors":"{\"label\":\"x\"}"}"#)
    }
    #expect(anchors.place == "anchors, line 1")
    let tokenizer = try failure {
      try store.ask("length add", #"{"name":"t","unit":"tokens","tokenizer":"{}"}"#)
    }
    #expect(tokenizer.place == "tokenizer")
    #expect(!"\(tokenizer)".contains("/tmp"))
  }
}
