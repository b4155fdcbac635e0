import CohortTesting
import Foundation
import Testing

/// Core sets from the command line: chosen, shown, planned over, trained on, exported, grown, split.
@Suite(.serialized) struct SelectionCommandTests {
  private static let data = Checkout.quickstartData

  /// A store of real samples with their vectors, and a snapshot of two groupings.
  private static func prepare(_ program: Program) throws {
    let made = try program.shell(
      """
      set -e
      cohort init
      cohort ingest '\(data)/gsm8k' --task gsm8k --embeddings '\(Self.data)/gsm8k.npy'
      cohort grouping create tasks --by task
      cohort grouping create topics --by embedding --groups 12
      cohort update
      cohort snapshot create small
      cohort ingest '\(data)/p3' --task-from-filename --embeddings '\(data)/p3.npy'
      cohort update
      cohort snapshot create monday
      """)
    try #require(made.status == 0, "\(made)")
  }

  private static func object(_ program: Program, _ command: String) throws -> [String: Any] {
    let result = try program.shell("cohort \(command) --json")
    try #require(result.status == 0, "\(command): \(result)")
    return try #require(try result.json() as? [String: Any], "\(command): \(result)")
  }

  private static func ids(_ program: Program, _ name: String) throws -> [Int] {
    let result = try program.cohort("selection", "show", name, "--rows", "--json")
    try #require(result.status == 0, "\(result)")
    let rows = try #require(try result.json() as? [[String: Int]], "\(result)")
    #expect(rows.compactMap { $0["rank"] } == Array(0..<rows.count))
    return rows.compactMap { $0["id"] }
  }

  private static func expectRefusal(_ program: Program, _ command: String, _ status: Int32, _ code: String) throws {
    let refused = try program.shell("cohort \(command) --json")
    #expect(refused.status == status, "\(command): \(refused)")
    #expect(try refused.error()["code"] as? String == code, "\(command): \(refused)")
  }

  @Test func everyMethodMeetsItsBudgetAndComesOutTheSameAgain() throws {
    try withProgram { program in
      try Self.prepare(program)
      for method in ["random", "stratified", "facility-location", "kmeans-kcenter", "kcenter"] {
        let options = "--snapshot monday --method \(method) --seed 7"
        let large = try Self.object(program, "selection create \(method) \(options) --count 60")
        #expect(large["count"] as? Int == 60 && large["method"] as? String == method, "\(large)")
        let ids = try Self.ids(program, method)
        #expect(Set(ids).count == 60)
        let one = try Self.object(program, "selection create again-\(method) \(options) --count 60 --workers 1")
        #expect(one["digest"] as? String == large["digest"] as? String, "\(method)")
        _ = try Self.object(program, "selection create few-\(method) \(options) --count 23")
        #expect(try Self.ids(program, "few-\(method)") == Array(ids.prefix(23)), "\(method)")
        let shown = try Self.object(program, "selection show \(method)")
        #expect(shown["digest"] as? String == large["digest"] as? String)
        let figures = try #require(shown["figures"] as? [[String: Any]])
        #expect(figures.contains { $0["figure"] as? String == "mean_distance" && $0["random_mean"] != nil })
      }
      let replay = try Self.object(program, "verify --replay")
      let replayed = try #require(replay["replayed_selections"] as? [[String: Any]])
      #expect(replayed.count == 15 && replayed.allSatisfy { $0["result"] as? String == "same" }, "\(replayed)")
      let listed = try program.cohort("sql", "SELECT name, method, samples FROM selections ORDER BY id", "--json")
      let rows = try #require(try listed.json() as? [[String: Any]], "\(listed)")
      #expect(rows.count == 15 && rows.first?["name"] as? String == "random", "\(listed)")
    }
  }

  @Test func budgetsStrataAndFiltersHold() throws {
    try withProgram { program in
      try Self.prepare(program)
      let info = try Self.object(program, "info")
      let samples = try #require(info["samples"] as? Int)
      let share = try Self.object(program, "selection create share --snapshot monday --fraction 0.05")
      #expect(share["count"] as? Int == Int((0.05 * Double(samples)).rounded()), "\(share)")
      let tokens = try Self.object(program, "selection create tokens --snapshot monday --tokens 4000")
      let spent = try #require(tokens["tokens"] as? Int)
      #expect(spent <= 4_000 && 4_000 - spent == tokens["tokens_left"] as? Int, "\(tokens)")
      let even = try Self.object(program, "selection create even --snapshot monday --strata tasks --count 40")
      let strata = try #require(even["strata"] as? [[String: Any]])
      let picks = strata.compactMap { $0["picks"] as? Int }
      #expect(picks.reduce(0, +) == 40 && (picks.max() ?? 9) - (picks.min() ?? 0) <= 1, "\(strata)")
      let product = try Self.object(
        program, "selection create product --snapshot monday --strata 'tasks*topics' --count 40 --method random")
      #expect((product["strata"] as? [Any] ?? []).count > strata.count, "\(product)")
      _ = try Self.object(program, "selection create rest --snapshot monday --exclude share --count 50")
      #expect(Set(try Self.ids(program, "share")).isDisjoint(with: try Self.ids(program, "rest")))
      let distinct = try Self.object(program, "selection create distinct --snapshot monday --dedup 0.8 --count 50")
      #expect((distinct["duplicates"] as? Int ?? 0) > 0, "\(distinct)")
      // The vectors of the first samples are the benchmark.
      let clean = try Self.object(
        program,
        "selection create clean --snapshot monday --count 50 --without-near '\(Self.data)/gsm8k.npy' --near 0.95")
      let avoided = try #require(clean["avoided_ids"] as? [Int])
      #expect(avoided.count == clean["avoided"] as? Int && avoided.count >= 500, "\(avoided.count)")
      #expect(Set(avoided).isDisjoint(with: try Self.ids(program, "clean")))
      let white = try Self.object(
        program, "selection create white --snapshot monday --method kcenter --whiten --drop-isolated 0.05 --count 50")
      #expect(white["whitened"] as? Bool == true && white["isolated"] as? Int == samples / 20, "\(white)")
      let probed = try Self.object(program, "selection create probed --snapshot monday --count 100 --probe task")
      let figures = try #require(probed["figures"] as? [[String: Any]])
      let accuracy = figures.first { $0["figure"] as? String == "probe_accuracy" }?["value"] as? Double
      #expect((accuracy ?? 0) > 0.2 && (accuracy ?? 2) <= 1, "\(figures)")
      let replay = try Self.object(program, "verify --replay")
      let replayed = try #require(replay["replayed_selections"] as? [[String: Any]])
      #expect(replayed.count == 9 && replayed.allSatisfy { $0["result"] as? String == "same" }, "\(replayed)")

      // The page needs nothing else, and says what the report says.
      #expect(try program.cohort("selection", "show", "probed", "--html", "core.html").status == 0)
      let page = try String(contentsOf: program.folder.appendingPathComponent("core.html"), encoding: .utf8)
      #expect(page.contains("probe_accuracy") && page.contains("default-src 'none'") && !page.contains("<script"))

      try Self.expectRefusal(
        program, "selection create many --snapshot monday --count \(samples + 1)", 2, "selection.budget")
      try Self.expectRefusal(program, "selection create share --snapshot monday --count 1", 2, "store.selection-exists")
      try Self.expectRefusal(program, "selection create x --snapshot tuesday --count 1", 3, "store.unknown-snapshot")
      try Self.expectRefusal(
        program, "selection create x --snapshot monday --strata nothing --count 1", 3, "pipeline.not-in-snapshot")
      try Self.expectRefusal(program, "selection show nothing", 3, "store.unknown-selection")
    }
  }

  @Test func aPlanOverASelectionHasItsSamplesOnly() throws {
    try withProgram { program in
      try Self.prepare(program)
      _ = try Self.object(program, "selection create core --snapshot monday --fraction 0.2")
      let plan = try Self.object(
        program, "plan create small --selection core --grouping topics --batch-size 8 --tail short --longest-first")
      #expect(plan["selection"] as? String == "core" && plan["snapshot"] as? String == "monday", "\(plan)")
      let core = try Self.ids(program, "core")
      #expect(plan["rows"] as? Int == core.count)
      let shown = try program.cohort("plan", "show", "small", "--epoch", "1", "--json")
      let steps = try shown.jsonLines()
      var groups: [Int: Int] = [:]
      var seen: [Int] = []
      for step in steps {
        let ids = try #require(step["ids"] as? [Int])
        seen += ids
        for id in ids { groups[id] = step["group"] as? Int }
      }
      #expect(seen.sorted() == core.sorted(), "\(shown)")
      // Groups are those of the snapshot.
      let whole = try Self.object(
        program, "plan create all --snapshot monday --grouping topics --batch-size 8 --tail short")
      #expect(whole["selection"] == nil)
      for step in try program.cohort("plan", "show", "all", "--json").jsonLines() {
        for id in try #require(step["ids"] as? [Int]) where groups[id] != nil {
          #expect(groups[id] == step["group"] as? Int)
        }
      }
      let digest = try Self.object(program, "plan digest small --epochs 2")
      let divided = try Self.object(program, "plan digest small --epochs 2 --world 2 --accumulate 2")
      #expect(digest["digest"] as? String == divided["digest"] as? String)
      let trained = try program.cohort("train", "--plan", "small", "--epochs", "1", "--json")
      #expect(trained.status == 0 && trained.output.contains("weights_digest"), "\(trained)")
      let exported = try program.shell("cohort export --selection core --as messages --with ids - ")
      #expect(try exported.jsonLines().compactMap { $0["id"] as? Int } == core, "\(exported)")
      try Self.expectRefusal(program, "selection drop core", 2, "store.selection-in-use")
      try Self.expectRefusal(program, "snapshot drop monday", 2, "store.snapshot-in-use")
      try Self.expectRefusal(
        program, "plan create wrong --snapshot small --selection core --grouping topics --batch-size 8", 3,
        "pipeline.not-in-snapshot")
      #expect(try program.cohort("verify").status == 0)
      for command in ["plan drop small", "plan drop all", "selection drop core", "snapshot drop monday", "verify"] {
        let result = try program.shell("cohort \(command)")
        #expect(result.status == 0, "\(command): \(result)")
      }
    }
  }

  @Test func selectionsGrowAreComparedAndSplit() throws {
    try withProgram { program in
      try Self.prepare(program)
      _ = try Self.object(program, "selection create core --snapshot small --fraction 0.1")
      let grown = try Self.object(program, "selection grow core --snapshot monday")
      #expect(grown["selection"] as? String == "core.monday", "\(grown)")
      let (core, more) = (try Self.ids(program, "core"), try Self.ids(program, "core.monday"))
      #expect(more.count > core.count && Array(more.prefix(core.count)) == core)
      let compared = try Self.object(program, "selection compare core core.monday")
      #expect(compared["common"] as? Int == core.count && compared["only_first"] as? Int == 0, "\(compared)")
      let split = try Self.object(program, "selection split run --snapshot monday --fraction 0.2 --apart 0.9")
      let (train, validation) = (try Self.ids(program, "run.train"), try Self.ids(program, "run.validation"))
      let info = try Self.object(program, "info")
      #expect(Set(train).isDisjoint(with: validation), "\(split)")
      #expect(train.count + validation.count == info["samples"] as? Int)
      #expect(split["validation_count"] as? Int == validation.count)
      let whole = try Self.object(
        program, "selection split groups --snapshot monday --fraction 0.3 --by-group --grouping tasks")
      #expect((whole["units"] as? Int ?? .max) < 100, "\(whole)")
      let replay = try Self.object(program, "verify --replay")
      let replayed = try #require(replay["replayed_selections"] as? [[String: Any]])
      #expect(replayed.count == 6 && replayed.allSatisfy { $0["result"] as? String == "same" }, "\(replayed)")
      let swept = try program.shell(
        "cohort selection sweep --snapshot monday --methods stratified,random --fractions 0.02,0.1 --seeds 2 --draws 3 "
          + "--probe task --json")
      let rows = try #require(try swept.json() as? [[String: Any]], "\(swept)")
      #expect(Set(rows.compactMap { $0["count"] as? Int }).count == 2, "\(swept)")
      #expect(rows.contains { $0["figure"] as? String == "probe_accuracy" })
      // What is gone cannot be made again, and that is said.
      #expect(try program.shell("cohort sample delete \(core[0]) --yes").status == 0)
      let after = try Self.object(program, "verify --replay")
      let results = (after["replayed_selections"] as? [[String: Any]] ?? []).compactMap { $0["result"] as? String }
      #expect(Set(results) == ["not replayable from here"], "\(after)")
    }
  }

  /// Twenty questions in five templates each, and three samples that belong to none.
  @Test func anExampleIsTakenInAsManyTemplatesAsAreAskedFor() throws {
    try withProgram { program in
      let lines = (0..<100).map { i in
        "{\"prompt\":\"Template \(i / 20): \(i % 20)\",\"completion\":\"\(i)\",\"question\":\"q\(i % 20)\"}"
      }
      let others = (0..<3).map { "{\"prompt\":\"Alone \($0)\",\"completion\":\"x\"}" }
      try (lines + others).joined(separator: "\n")
        .write(to: program.folder.appendingPathComponent("rows.jsonl"), atomically: true, encoding: .utf8)
      let made = try program.shell(
        """
        set -e
        cohort init
        cohort ingest rows.jsonl --layout prompt-completion
        cohort grouping create tasks --by task
        cohort update
        cohort snapshot create monday
        """)
      try #require(made.status == 0, "\(made)")
      let base = "--snapshot monday --method random"
      for (number, count) in [("one", 1), ("3", 3)] {
        let options = "\(base) --templates \(number) --example question --count \(20 * count + 3)"
        let report = try Self.object(program, "selection create some\(count) \(options)")
        #expect(report["other_templates"] as? Int == 100 - 20 * count, "\(report)")
        let ids = try Self.ids(program, "some\(count)")
        for question in 0..<20 { #expect(ids.count { $0 < 100 && $0 % 20 == question } == count, "\(ids)") }
        // All that there is was chosen: no other sample may be.
        try Self.expectRefusal(
          program, "selection create more \(base) --templates \(number) --example question --count \(20 * count + 4)",
          2,
          "selection.budget")
      }
      let other = try Self.object(
        program, "selection create other \(base) --templates one --example question --count 23 --seed 1")
      #expect(other["digest"] as? String != nil)
      #expect(Set(try Self.ids(program, "other")) != Set(try Self.ids(program, "some1")), "chance decides by the seed")
      let grown = try Self.object(program, "selection grow some1 --snapshot monday --as again")
      #expect(grown["kept"] as? Int == 23, "\(grown)")
      let replayed = try Self.object(program, "verify --replay")["replayed_selections"] as? [[String: Any]]
      #expect(replayed?.count == 4 && replayed?.allSatisfy { $0["result"] as? String == "same" } == true)
      try Self.expectRefusal(
        program, "selection create x \(base) --templates one --example nothing --count 1", 2, "selection.option")
      #expect(try program.shell("cohort selection create x \(base) --templates one --count 1").status == 2)
    }
  }

  /// A benchmark's items are not kept, so a selection that avoids them grows only when they are given again.
  @Test func growingLooksForABenchmarkAgain() throws {
    try withProgram { program in
      try Self.prepare(program)
      let near = "--without-near '\(Self.data)/p3.npy' --near 0.95"
      // Nothing of the first snapshot is near, but much of what came later is.
      let clean = try Self.object(program, "selection create clean --snapshot small --count 40 \(near)")
      #expect(clean["avoided"] as? Int == 0, "\(clean)")
      try Self.expectRefusal(program, "selection grow clean --snapshot monday", 2, "selection.option")
      let grown = try Self.object(program, "selection grow clean --snapshot monday --count 120 \(near)")
      let avoided = try #require(grown["avoided_ids"] as? [Int])
      let ids = try Self.ids(program, "clean.monday")
      #expect(avoided.count > 100 && Set(avoided).isDisjoint(with: ids) && ids.count == 120, "\(avoided.count)")
      // What is avoided stays so.
      let again = try Self.object(
        program,
        "selection grow clean.monday --snapshot monday --as more --count 120 --without-near "
          + "'\(Self.data)/gsm8k.npy' --near 0.99")
      #expect(Set(again["avoided_ids"] as? [Int] ?? []).isSuperset(of: avoided))
      let replayed = try Self.object(program, "verify --replay")["replayed_selections"] as? [[String: Any]]
      #expect(replayed?.count == 3 && replayed?.allSatisfy { $0["result"] as? String == "same" } == true)
    }
  }

  /// Near-duplicates are looked for among all samples, so a split needs vectors and no groups by them.
  @Test func aSplitNeedsNoGroupingByEmbedding() throws {
    try withProgram { program in
      let made = try program.shell(
        """
        set -e
        cohort init
        cohort ingest '\(Self.data)/gsm8k' --task gsm8k --embeddings '\(Self.data)/gsm8k.npy'
        cohort grouping create tasks --by task
        cohort update
        cohort snapshot create monday
        """)
      try #require(made.status == 0, "\(made)")
      let split = try Self.object(program, "selection split run --snapshot monday --fraction 0.2 --apart 0.8")
      let (train, validation) = (split["train_count"] as? Int ?? 0, split["validation_count"] as? Int ?? 0)
      let samples = try #require(try Self.object(program, "info")["samples"] as? Int)
      #expect(train + validation == samples && validation > 0)
      #expect((split["units"] as? Int ?? 0) < samples, "\(split)")
    }
  }

  /// A kill in the middle leaves a selection whole or not at all.
  @Test func aKillLeavesNoneOrAll() throws {
    let seed = Torture.seed
    var random = TestRandom(seed: seed)
    try withProgram { program in
      try Self.prepare(program)
      let start = Date()
      let calm = try Self.object(program, "selection create calm --snapshot monday --fraction 0.3")
      let longest = Date().timeIntervalSince(start)
      for number in 0..<Torture.cases(12, tortured: 2_000) {
        let name = "stormy\(number)"
        let process = try program.killed(
          ["selection", "create", name, "--snapshot", "monday", "--fraction", "0.3"],
          after: Double.random(in: 0..<longest, using: &random))
        let listed = try program.cohort("selection", "list", "--json")
        let rows = try #require(try listed.json() as? [[String: Any]], "\(listed)")
        let found = rows.first { $0["selection"] as? String == name }
        if process.terminationReason == .exit { #expect(found != nil, "seed \(seed), \(number)") }
        if let found {
          #expect(found["digest"] as? String == calm["digest"] as? String, "seed \(seed), \(number)")
          #expect(try Self.ids(program, name).count == calm["count"] as? Int)
        }
      }
      #expect(try program.cohort("verify").status == 0, "seed \(seed)")
    }
  }
}
