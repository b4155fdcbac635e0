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
    "export --as messages -",
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
    "delete", "train --plan x --epochs 0", "train --plan x --epochs 1 --log-every 0",
    "plan create x --snapshot s --grouping g --batch-size 4 --weights 1=x",
    "plan create x --snapshot s --grouping g --batch-size 4 --random --phases grouped",
    "export --as messages --group 1 -", "export --as xml -",
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

  /// Digests are hexadecimal digits, as everywhere: JSON's numbers would lose some of theirs.
  @Test func theLogShowsDigestsAsText() throws {
    try withProgram { program in
      let made = try program.shell(
        """
        set -e; cohort init
        echo '{"instruction": "a", "output": "b"}' | cohort ingest - --source x
        cohort grouping create a --by task; cohort update; cohort snapshot create s
        """)
      try #require(made.status == 0, "\(made)")
      let rows = try program.cohort("log", "--format", "jsonl").jsonLines()
      let details = rows.compactMap { $0["details"] as? [String: Any] }
      let states = details.compactMap { $0["state"] }
      #expect(!states.isEmpty)
      for state in states { #expect((state as? String)?.count == 16, "\(state)") }
      let digests = details.compactMap { $0["digest"] }
      #expect(digests.map { ($0 as? String)?.count } == [32])
    }
  }

  /// A name that nobody could type again is refused before anything is stored.
  @Test func vectorsNeedASpaceWithAName() throws {
    try withProgram { program in
      let made = try program.shell(
        """
        set -e; cohort init
        echo '{"instruction": "a", "output": "b"}' > a.jsonl
        """)
      try #require(made.status == 0, "\(made)")
      var header = Array("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }".utf8)
      header += [UInt8](repeating: 0x20, count: 117 - header.count) + [0x0a]
      let file = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + header + [0, 0, 128, 63, 0, 0, 128, 63]
      try Data(file).write(to: program.folder.appendingPathComponent("v.npy"))
      let refused = try program.cohort("ingest", "a.jsonl", "--embeddings", "v.npy", "--space", "")
      #expect(refused.status == 2 && refused.errors.contains("it is empty"), "\(refused)")
      let rows = try program.cohort("log", "--format", "jsonl").jsonLines()
      #expect(rows.count == 1)
      let daemon = try program.shell("mkdir inbox && cohortd --store cohort --inbox inbox --once --space ''")
      #expect(daemon.status == 2, "\(daemon)")
      #expect(try program.cohort("ingest", "a.jsonl", "--embeddings", "v.npy", "--space", "given").status == 0)
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
