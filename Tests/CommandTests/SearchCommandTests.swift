import CohortCatalog
import CohortStore
import CohortTesting
import Foundation
import Testing

/// `cohort sample search`, its index, and who keeps it.
@Suite struct SearchCommandTests {
  private static func ids(_ result: Program.Result) throws -> [Int] {
    try #require(result.status == 0, "\(result)")
    let rows = try #require(try result.json() as? [[String: Any]])
    return rows.compactMap { $0["id"] as? Int }
  }

  /// Whether the files of the index hold some bytes. FTS5 leaves out what a word begins with like the one before it.
  private static func indexHolds(_ text: String, _ program: Program) -> Bool {
    ["search.sqlite", "search.sqlite-wal", "search.sqlite-journal"].contains { name in
      let path = program.folder.appendingPathComponent("cohort/\(name)").path
      return FileManager.default.contents(atPath: path)?.range(of: Data(text.utf8)) != nil
    }
  }

  /// More samples than are read for an answer.
  private static let many = (0..<20_100).map { #"{"prompt":"p\#($0)","completion":"c"}"# + "\n" }.joined()

  @Test func itRanksFiltersAndMarks() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let result = try program.cohort("sample", "search", "NUMBER 42", "--json")
      let rows = try #require(try result.json() as? [[String: Any]])
      #expect(rows.first?["id"] as? Int == 42 && (rows.first?["score"] as? Double ?? 0) > 0, "\(result)")
      #expect((rows.first?["snippet"] as? String)?.hasPrefix("question **number** **42** of") == true, "\(result)")
      #expect(rows.first?["task"] as? String == "sum" && rows.first?["messages"] is [Any])
      let all = try Self.ids(program.cohort("sample", "search", "question", "--limit", "1000", "--json"))
      #expect(all.count == 300)
      let poems = try Self.ids(
        program.cohort("sample", "search", "question", "--task", "poem", "--limit", "1000", "--json"))
      #expect(poems.count == 100 && poems.allSatisfy { $0 % 3 == 1 })
      #expect(poems == all.filter { $0 % 3 == 1 })
      let group = try program.cohort("sql", "SELECT group_id, size FROM groups WHERE label = 'poem'", "--json")
      let number = try #require((try group.json() as? [[String: Any]])?.first?["group_id"] as? Int)
      let members = try program.cohort(
        "sample", "search", "question", "--grouping", "tasks", "--group", "\(number)", "--limit", "1000", "--json")
      #expect(try Self.ids(members) == poems)
      let long = try Self.ids(
        program.cohort("sample", "search", "question", "--longer-than", "100", "--limit", "1000", "--json"))
      let expected = try program.cohort(
        "sql", "SELECT count(*) AS n FROM samples WHERE response_length > 100", "--json")
      #expect((try expected.json() as? [[String: Any]])?.first?["n"] as? Int == long.count && long.count > 10)
      #expect(try program.cohort("sample", "search", "question", "--task", "nothing").status == 3)
      #expect(try program.cohort("sample", "search", "  ").status == 2)
      #expect(try program.cohort("sample", "search", String(repeating: "a ", count: 3000)).status == 2)
    }
  }

  /// Nothing that is typed is an error, nor an instruction.
  @Test(arguments: [
    "C++", "foo(bar)", "a:b", "NOT", "AND OR", "\"", "\"\"", "*", "number*", "question NOT", "-number", "^x",
    "NEAR(a, b)", "{a b} : c", "'; DROP TABLE words; --", "\\", "??? !!!", "数", "😀",
  ])
  func anythingIsAQuery(query: String) throws {
    try withProgram { program in
      try program.write(#"{"prompt":"number C++ a:b","completion":"x"}"# + "\n", to: "one.jsonl")
      _ = try program.shell("cohort init && cohort ingest one.jsonl")
      let result = try program.cohort("sample", "search", "--json", "--", query)
      #expect(result.status == 0 && result.output.hasPrefix("["), "\(query): \(result)")
    }
  }

  @Test func anExportTakesWhatIsFound() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let found = try Self.ids(program.cohort("sample", "search", "42 OR 17", "--limit", "100", "--json"))
      let result = try program.cohort("export", "--search", "42 OR 17", "--as", "messages", "--with", "ids", "-")
      #expect(try result.jsonLines().compactMap { $0["id"] as? Int } == found && found.count == 2, "\(result)")
      let some = try program.cohort("export", "--search", "question", "--task", "poem", "--as", "messages", "-")
      #expect(try some.jsonLines().count == 100)
      let labels = try program.cohort("sql", "SELECT group_id FROM groups WHERE label = 'poem'", "--format", "csv")
      let group = try #require(labels.output.split(whereSeparator: \.isNewline).last.map(String.init))
      let part = try program.cohort(
        "export", "--search", "question", "--grouping", "tasks", "--group", group, "--as", "messages", "-")
      #expect(try part.jsonLines().count == 100, "\(part)")
      #expect(try program.cohort("export", "--search", "x", "--where", "1", "--as", "messages", "-").status == 2)
    }
  }

  /// A word that was erased is in no byte of the index; one that was only deleted is not found.
  @Test(arguments: ["delete 1 --yes --erase", "compact"])
  func whatIsErasedIsGone(command: String) throws {
    try withProgram { program in
      _ = try program.cohort("init")
      let lines = (0..<40).map {
        #"{"prompt":"question \#($0) \#($0 < 2 ? "qzxsecretword" : "plain")","completion":"answer"}"# + "\n"
      }
      try program.write(lines.joined(), to: "some.jsonl")
      _ = try program.cohort("ingest", "some.jsonl")
      let update = try program.cohort("update")
      #expect(update.status == 0 && Self.indexHolds("secretword", program), "\(update)")
      #expect(try Self.ids(program.cohort("sample", "search", "qzxsecretword", "--json")).count == 2)
      _ = try program.cohort("delete", "0", "--yes")
      #expect(try Self.ids(program.cohort("sample", "search", "qzxsecretword", "--json")) == [1])
      if command == "compact" { _ = try program.cohort("delete", "1", "--yes") }
      #expect(Self.indexHolds("secretword", program))
      let result = try program.shell("cohort \(command)")
      #expect(result.status == 0 && !Self.indexHolds("secretword", program), "\(result)")
      #expect(try Self.ids(program.cohort("sample", "search", "qzxsecretword", "--json")).isEmpty)
      #expect(try Self.ids(program.cohort("sample", "search", "question", "--limit", "100", "--json")).count == 38)
      #expect(program.exists("cohort/search.sqlite") && !Self.indexHolds("secretword", program))
    }
  }

  /// Killed at any time while it is made, the index is behind or right.
  @Test func aKilledIndexIsBehindOrRight() throws {
    try withProgram { program in
      let count = 6000
      _ = try program.cohort("init")
      try program.write(
        (0..<count).map {
          #"{"prompt":"number \#($0) is \#(["red", "green", "blue"][$0 % 3]) \#($0 % 7)","completion":"so it is"}"#
            + "\n"
        }.joined(), to: "many.jsonl")
      _ = try program.cohort("ingest", "many.jsonl")
      let start = ContinuousClock.now
      #expect(try program.cohort("update").status == 0)
      let time = Double((ContinuousClock.now - start) / .microseconds(1)) / 1e6
      let path = program.folder.path + "/cohort"
      var random = TestRandom(seed: 5)
      var partly = 0
      for round in 0..<Torture.cases(8, tortured: 60) {
        for suffix in ["", "-wal", "-shm"] where round % 2 == 0 {
          try? FileManager.default.removeItem(atPath: path + "/search.sqlite" + suffix)
        }
        try program.killed(["update"], after: time * random.unit())
        let waiting = try SearchIndex.waiting(of: Store.open(at: path))
        if waiting > 0, waiting < UInt64(count) { partly += 1 }
        let found = try Self.ids(
          program.cohort("sample", "search", "blue 6 NOT number*", "--limit", "10", "--json"))
        #expect(found.isEmpty)
        let blue = try Self.ids(program.cohort("sample", "search", "blue", "6", "--limit", "10000", "--json"))
        #expect(
          Set(blue) == Set((0..<count).filter { $0 % 3 == 2 && $0 % 7 == 6 }),
          "round \(round), \(waiting) waited")
      }
      print("\(partly) kills left a part of the index")
    }
  }

  @Test(.enabled(if: TemporaryDisk.isPossible, Comment(rawValue: TemporaryDisk.reason)))
  func aFolderThatCannotBeWrittenIsSearched() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      func look(_ name: String) throws -> Program.Result {
        let store = program.folder.path + "/cohort"
        let view = try TemporaryDisk(readOnly: store, at: program.folder.path + "/view")
        defer { view.remove() }
        return try program.cohort("sample", "search", "number 42", "--store", "view", "--json")
      }
      // Without an index: what is there is read.
      #expect(try Self.ids(look("none")).first == 42)
      #expect(!program.exists("cohort/search.sqlite"))
      _ = try program.cohort("update")
      #expect(try Self.ids(look("whole")).first == 42)
      // Too much to be read.
      try program.write(Self.many, to: "more.jsonl")
      _ = try program.cohort("ingest", "more.jsonl")
      let result = try look("behind")
      #expect(try Self.ids(result).first == 42 && result.errors.contains("20100 samples"), "\(result)")
    }
  }

  @Test func farBehindIsSaid() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      try program.write(Self.many, to: "more.jsonl")
      _ = try program.cohort("ingest", "more.jsonl")
      let result = try program.cohort("sample", "search", "p17")
      #expect(result.status == 0 && result.errors.contains("20100 samples"), "\(result)")
      let sql = try program.cohort("sql", "SELECT id FROM search WHERE query = 'p17'", "--json")
      #expect(try sql.status == 75 && sql.error()["code"] as? String == "search.behind", "\(sql)")
      #expect(try program.cohort("export", "--search", "p17", "--as", "messages", "-").status == 75)
      _ = try program.cohort("update")
      #expect(try Self.ids(program.cohort("sample", "search", "p17", "--json")) == [17])
      let again = try program.cohort("sql", "SELECT id FROM search WHERE query = 'p17'", "--format", "csv")
      #expect(again.output.split(whereSeparator: \.isNewline) == ["id", "17"], "\(again)")
    }
  }

  /// A file that is no index, or a damaged one, is made anew by whoever searches.
  @Test func aDamagedIndexIsMadeAnew() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      _ = try program.cohort("update")
      let path = program.folder.path + "/cohort/search.sqlite"
      let sound = try Data(contentsOf: URL(fileURLWithPath: path))
      for turn in 0..<4 {
        var bytes = sound
        switch turn {
        case 0: bytes = Data("no database".utf8)
        case 1: bytes.removeLast(bytes.count / 2)
        case 2: bytes.replaceSubrange(4096..<bytes.count, with: Data(count: bytes.count - 4096))
        default: bytes.replaceSubrange(8192..<bytes.count, with: Data(repeating: 0x55, count: bytes.count - 8192))
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        let result = try program.cohort("sample", "search", "number", "42", "--json")
        #expect(try Self.ids(result).first == 42, "turn \(turn): \(result)")
        let sql = try program.cohort(
          "sql", "SELECT count(*) AS n FROM search WHERE query = 'question'", "--format", "csv")
        #expect(sql.output.split(whereSeparator: \.isNewline) == ["n", "300"], "turn \(turn): \(sql)")
      }
    }
  }

  @Test func theDaemonKeepsIt() throws {
    try withProgram { program in
      try program.makeStore()
      try FileManager.default.createDirectory(
        at: program.folder.appendingPathComponent("inbox"), withIntermediateDirectories: true)
      let daemon = try DaemonProcess(program, "--store", "cohort", "--inbox", "inbox")
      try program.drop(PipelineTests.lines(200), as: "inbox/some.jsonl")
      let store = try Store.open(at: program.folder.path + "/cohort")
      try daemon.wait("the index is up to date") {
        try store.read { try $0.counters.live } == 200 && SearchIndex.waiting(of: store) == 0
      }
      #expect(try Self.ids(program.cohort("sample", "search", "number 42", "--json")).first == 42)
      #expect(daemon.end() == 0)
    }
  }
}
