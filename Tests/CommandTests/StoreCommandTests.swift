import Foundation
import Testing

@Suite struct StoreCommandTests {
  @Test func initMakesAStoreOnce() throws {
    try withProgram { program in
      let made = try program.cohort("init", "--length-unit", "words", "--dedupe", "store", "--json")
      #expect(made.status == 0, "\(made)")
      let record = try #require(try made.json() as? [String: Any])
      #expect(record["length_unit"] as? String == "words")
      #expect(record["dedupe"] as? String == "store")
      #expect((record["id"] as? String)?.count == 32)
      let again = try program.cohort("init", "--json")
      #expect(again.status == 2, "\(again)")
      #expect(try again.error()["code"] as? String == "store.exists")
      let info = try #require(try program.cohort("info", "--json").json() as? [String: Any])
      #expect(info["id"] as? String == record["id"] as? String)
      #expect(info["samples"] as? Int == 0)
    }
  }

  @Test func theStoreIsNamedByFlagThenEnvironment() throws {
    try withProgram { program in
      #expect(try program.cohort("init", "--store", "one").status == 0)
      #expect(try program.cohort("init", environment: ["COHORT_STORE": "two"]).status == 0)
      let one = try program.cohort("--store", "one", "info", "--json", environment: ["COHORT_STORE": "two"])
      #expect(try (one.json() as? [String: Any])?["store"] as? String == "one")
      let two = try program.cohort("info", "--json", environment: ["COHORT_STORE": "two"])
      #expect(try (two.json() as? [String: Any])?["store"] as? String == "two")
    }
  }

  @Test(arguments: [
    "info", "log", "backup b", "grouping list", "grouping create x --by task", "group list --grouping x",
    "sample show 1", "sample search x", "delete 1", "snapshot list", "snapshot create x", "plan list",
    "plan show x --epoch 0", "plan digest x --epochs 1", "train --plan x --epochs 1", "update",
    "export --as messages -", "export --as atlas -", "export --where 'SELECT 1 AS id' --as messages -",
    "sample near --id 1", "sample duplicates", "group compare a b", "plan which x --id 1", "query list",
    "run list", "run show x",
    "query save a 'SELECT 1 AS x'", "query run a", "query drop a",
    "map list", "map create x --grouping y", "map update x", "map draw x y.html",
  ])
  func withoutAStoreEverythingIsNotFound(line: String) throws {
    try withProgram { program in
      let result = try program.shell("cohort \(line) --json")
      #expect(result.status == 3, "\(line)\n\(result)")
      #expect(try result.error()["code"] as? String == "store.no-store", "\(line)\n\(result)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: program.folder.path).isEmpty, "nothing was made")
    }
  }

  @Test(arguments: [
    ("grouping drop topcs", "topics"), ("group list --grouping topcs", "topics"), ("update --grouping topcs", "topics"),
    ("snapshot create a --grouping topcs", "topics"),
  ])
  func misspeltNamesAreNotFoundWithTheRightOne(line: String, meant: String) throws {
    try withProgram { program in
      try #require(try program.shell("cohort init && cohort grouping create topics --by task").status == 0)
      let result = try program.shell("cohort \(line) --json")
      #expect(result.status == 3, "\(result)")
      #expect(try result.error()["hint"] as? String == "Did you mean '\(meant)'?")
    }
  }

  @Test(arguments: [
    "grouping create x --by task --groups 3", "grouping create x --by length --edges 3,2",
    "grouping create x --by length --edges 1,2 --quantiles 3", "grouping create x --by length --quantiles 0",
    "grouping create x --by embedding --groups 3 --group-size 4", "grouping create x --by color",
    "grouping create x --by attribute:", "init --length-unit field", "plan show x --world 2",
    "plan show x --rank 2 --world 2", "plan show x --steps '3..<1'", "sample show x", "sample show '5..<'",
    "delete", "delete 1 --task x", "delete --group 1", "delete --where x --yes", "delete --task x",
    "train --plan x --epochs 0", "train --plan x --epochs 1 --log-every 0",
    "plan create x --snapshot s --grouping g --batch-size 4 --weights 1=x",
    "plan create x --snapshot s --grouping g --batch-size 4 --random --phases grouped",
    "export --as messages --group 1 -", "export --as xml -", "sample near", "sample near --id 1 -k 0",
    "sample near --id 1 --text x", "sample duplicates --threshold 1.5", "query run x --param y",
    "query run x --param a=1 --param a=2", "plan which x --id 1 --world 0", "group compare a b --moves -1",
    "query save a 'SELECT ?'", "query save a 'PRAGMA table_list'",
  ])
  func argumentsThatMakeNoSenseAreUsageErrors(line: String) throws {
    try withProgram { program in
      try #require(try program.cohort("init").status == 0)
      let result = try program.shell("cohort \(line) --json")
      #expect(result.status == 2, "\(line)\n\(result)")
      #expect(try result.error()["category"] as? String == "usage")
    }
  }

  @Test func theLogTellsWhatHappened() throws {
    try withProgram { program in
      let made = try program.shell("cohort init && cohort grouping create a --by task && cohort grouping drop a")
      try #require(made.status == 0, "\(made)")
      let rows = try #require(try program.cohort("log", "--json").json() as? [[String: Any]])
      #expect(rows.compactMap { $0["kind"] as? String } == ["store-created", "grouping-created", "grouping-dropped"])
      #expect(rows.compactMap { $0["sequence"] as? Int } == [1, 2, 3])
      let last = try program.cohort("log", "--last", "1", "--format", "jsonl").jsonLines()
      #expect(last.compactMap { $0["sequence"] as? Int } == [3])
      let kind = try program.cohort("log", "--kind", "grouping-created", "--format", "jsonl").jsonLines()
      #expect(kind.compactMap { $0["sequence"] as? Int } == [2])
    }
  }

  /// Digests are hexadecimal wherever they are shown: as numbers they lose digits in whatever reads JSON as doubles.
  @Test func theLogTellsDigestsAsTheCatalogDoes() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      for format in ["json", "jsonl"] {
        let told = try program.cohort("log", "--kind", "round", "--format", format)
        #expect(told.status == 0, "\(told)")
        let rows = try format == "json" ? #require(try told.json() as? [[String: Any]], "\(told)") : told.jsonLines()
        let asked = try program.cohort(
          "sql", "SELECT sequence, state FROM rounds ORDER BY sequence", "--format", "jsonl")
        let rounds = try asked.jsonLines()
        #expect(!rows.isEmpty && rows.count == rounds.count, "\(told) \(asked)")
        for (row, round) in zip(rows, rounds) {
          let state = try #require((row["details"] as? [String: Any])?["state"] as? String, "\(row)")
          #expect(state.count == 16 && state.allSatisfy { "0123456789abcdef".contains($0) }, "\(state)")
          #expect(state == round["state"] as? String && row["sequence"] as? Int == round["sequence"] as? Int, "\(row)")
        }
      }
    }
  }

  @Test func aBackupIsAStore() throws {
    try withProgram { program in
      try #require(try program.shell("cohort init && cohort backup copy").status == 0)
      let original = try #require(try program.cohort("info", "--json").json() as? [String: Any])
      let copy = try #require(try program.cohort("info", "--json", "--store", "copy").json() as? [String: Any])
      #expect(original["id"] as? String == copy["id"] as? String)
      #expect(try program.cohort("backup", "copy").status == 2, "a backup never writes over a store")
    }
  }
}
