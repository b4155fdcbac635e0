import Foundation
import Testing

/// The way of the data: in, into groups, pinned, planned, out.
@Suite struct PipelineTests {
  /// Samples with three tasks, and responses of different lengths.
  static func lines(_ count: Int, from first: Int = 0) -> String {
    (first..<(first + count)).map { i in
      let task = ["sum", "poem", "code"][i % 3]
      let response = String(repeating: "word \(i) ", count: i % 17 + 1)
      return #"{"prompt":"question number \#(i) of \#(task)","completion":"\#(response)","kind":"\#(task)"}"# + "\n"
    }.joined()
  }

  /// A store with 300 samples, a grouping by task, a snapshot and a plan.
  static func prepared(_ program: Program) throws {
    try program.write(lines(300), to: "data.jsonl")
    let result = try program.shell(
      """
      set -e
      cohort init
      cohort ingest data.jsonl --task-field kind
      cohort grouping create tasks --by task
      cohort snapshot create monday
      cohort plan create first --snapshot monday --grouping tasks --batch-size 16 --seed 7
      """)
    try #require(result.status == 0, "\(result)")
  }

  @Test func ingestCountsWhatItDid() throws {
    try withProgram { program in
      try program.write(Self.lines(20), to: "data.jsonl")
      _ = try program.cohort("init")
      let first = try program.cohort("ingest", "data.jsonl", "--task-field", "kind", "--json")
      #expect(first.status == 0, "\(first)")
      let counts = try #require(try first.json() as? [String: Any])
      #expect(counts["inserted"] as? Int == 20)
      #expect(first.output.hasPrefix(#"{"inserted":20,"duplicates":0,"quarantined":0,"#))
      let again = try #require(try program.cohort("ingest", "data.jsonl", "--json").json() as? [String: Any])
      #expect(again["inserted"] as? Int == 0)
      #expect(again["duplicates"] as? Int == 20)
    }
  }

  @Test func refusedRowsAreQuarantinedAndExitWith6() throws {
    try withProgram { program in
      let bad = #"{"prompt":"empty","completion":""}"# + "\n"
      try program.write(Self.lines(40) + bad + Self.lines(10, from: 40), to: "data.jsonl")
      _ = try program.cohort("init")
      let result = try program.cohort("ingest", "data.jsonl", "--json")
      #expect(result.status == 6, "\(result)")
      let counts = try #require(try result.json() as? [String: Any])
      #expect(counts["inserted"] as? Int == 50)
      #expect(counts["quarantined"] as? Int == 1)
      #expect((counts["reasons"] as? [String: Int])?.values.reduce(0, +) == 1)
    }
  }

  @Test func aDryRunStoresNothing() throws {
    try withProgram { program in
      try program.write(Self.lines(20), to: "data.jsonl")
      _ = try program.cohort("init")
      let result = try program.cohort("ingest", "data.jsonl", "--dry-run", "--json")
      #expect(try (result.json() as? [String: Any])?["inserted"] as? Int == 20)
      #expect(try (program.cohort("info", "--json").json() as? [String: Any])?["samples"] as? Int == 0)
    }
  }

  @Test func idsFollowArgumentsThenLinesWhateverTheWorkers() throws {
    try withProgram { program in
      for name in ["b.jsonl", "a.jsonl", "folder/2.jsonl", "folder/10.jsonl"] {
        try program.write(
          (0..<50).map { #"{"prompt":"\#(name)","completion":"\#(name) \#($0)"}"# + "\n" }.joined(), to: name)
      }
      var seen: Set<String> = []
      for workers in ["1", "4"] {
        let store = "store\(workers)"
        _ = try program.cohort("init", "--store", store)
        let result = try program.cohort(
          "ingest", "b.jsonl", "a.jsonl", "folder", "--store", store, "--workers", workers)
        #expect(result.status == 0, "\(result)")
        let shown = try program.cohort("sample", "show", "0..<200", "--store", store, "--format", "jsonl")
        seen.insert(shown.output)
        let prompts = try shown.jsonLines().compactMap {
          (($0["messages"] as? [[String: Any]])?.last)?["content"] as? String
        }
        let order = ["b.jsonl", "a.jsonl", "folder/10.jsonl", "folder/2.jsonl"]
        #expect(prompts == order.flatMap { name in (0..<50).map { "\(name) \($0)" } })
      }
      #expect(seen.count == 1)
    }
  }

  @Test func standardInputIsASource() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      let result = try program.cohort("ingest", "-", "--source", "pipe", "--json", input: Self.lines(30))
      #expect(try (result.json() as? [String: Any])?["inserted"] as? Int == 30, "\(result)")
      let sample = try program.cohort("sample", "show", "3", "--format", "jsonl").jsonLines()
      #expect(sample.first?["source"] as? String == "pipe")
      #expect(sample.first?["line"] as? Int == 4)
    }
  }

  @Test func aMissingFileIsNotFoundAndStoresNothing() throws {
    try withProgram { program in
      try program.write(Self.lines(5), to: "data.jsonl")
      _ = try program.cohort("init")
      let result = try program.cohort("ingest", "data.jsonl", "nowhere.jsonl", "--json")
      #expect(result.status == 3, "\(result)")
      #expect((try result.error()["place"] as? String ?? "").contains("nowhere.jsonl"), "\(result)")
      #expect(try (program.cohort("info", "--json").json() as? [String: Any])?["samples"] as? Int == 0)
    }
  }

  @Test func groupsAreListedAndShown() throws {
    try withProgram { program in
      try Self.prepared(program)
      let groups = try #require(
        try program.cohort("group", "list", "--grouping", "tasks", "--json").json() as? [[String: Any]])
      #expect(groups.compactMap { $0["size"] as? Int } == [100, 100, 100])
      #expect(Set(groups.compactMap { $0["label"] as? String }) == ["sum", "poem", "code"])
      let id = try #require(groups.first?["group"] as? Int)
      let shown = try #require(
        try program.cohort("group", "show", "\(id)", "--grouping", "tasks", "--history", "--json").json()
          as? [String: Any])
      #expect(shown["size"] as? Int == 100)
      #expect(shown["medoid"] is [String: Any])
      #expect(try program.cohort("group", "show", "\(id)", "--grouping", "tasks").status == 0)
      #expect(try program.cohort("group", "show", "999", "--grouping", "tasks").status == 3)
    }
  }

  @Test func planCreateReportsBeforeAnyTraining() throws {
    try withProgram { program in
      try Self.prepared(program)
      let result = try program.cohort(
        "plan", "create", "second", "--snapshot", "monday", "--grouping", "tasks", "--batch-size", "16", "--tail",
        "drop",
        "--json")
      #expect(result.status == 0, "\(result)")
      let report = try #require(try result.json() as? [String: Any])
      #expect(report["steps"] as? Int == 18)
      #expect(report["dropped"] as? Int == 12)
      #expect(report["repeated"] as? Int == 0)
      #expect(report["mixed"] as? Int == 0)
      #expect(report["purity"] as? Double == 1)
      #expect((report["plan_hash"] as? String)?.count == 32)
      let wrong = try program.cohort(
        "plan", "create", "x", "--snapshot", "monday", "--grouping", "task", "--batch-size", "4", "--json")
      #expect(wrong.status == 3)
      #expect(try wrong.error()["hint"] as? String == "Did you mean 'tasks'?")
    }
  }

  @Test func planShowPrintsALineForEachStep() throws {
    try withProgram { program in
      try Self.prepared(program)
      let result = try program.cohort("plan", "show", "first", "--epoch", "1", "--steps", "2..<5", "--json")
      #expect(result.output.hasPrefix(#"{"epoch":1,"step":2,"group":"#), "\(result)")
      let steps = try result.jsonLines()
      #expect(steps.compactMap { $0["step"] as? Int } == [2, 3, 4])
      #expect(steps.allSatisfy { ($0["ids"] as? [Int])?.count == 16 })
      let groups = steps.compactMap { $0["ids"] as? [Int] }.map { Set($0.map { $0 % 3 }).count }
      #expect(groups == [1, 1, 1], "each step is from one group")

      var parts: [Int] = []
      for micro in 0..<2 {
        for rank in 0..<4 {
          let line = try program.cohort(
            "plan", "show", "first", "--epoch", "1", "--steps", "3", "--rank", "\(rank)", "--world", "4",
            "--accumulate", "2", "--json"
          ).jsonLines()
          parts += (line.first?["micro_batches"] as? [[Int]])?[micro] ?? []
        }
      }
      #expect(parts == steps[1]["ids"] as? [Int], "the ranks' parts are the step")
      let beyond = try program.cohort("plan", "show", "first", "--steps", "99", "--json")
      #expect(beyond.status == 3, "\(beyond)")
    }
  }

  @Test func planDigestDoesNotDependOnTheWorld() throws {
    try withProgram { program in
      try Self.prepared(program)
      let digest = { (arguments: [String]) -> String in
        let result = try program.shell("cohort plan digest first --epochs 2 --json \(arguments.joined(separator: " "))")
        return try #require((result.json() as? [String: Any])?["digest"] as? String, "\(result)")
      }
      let expected = try digest([])
      for (world, accumulate) in [(2, 1), (8, 1), (1, 4), (4, 4)] {
        #expect(try digest(["--world", "\(world)", "--accumulate", "\(accumulate)"]) == expected)
      }
      // What is pinned stays, whatever comes and goes.
      try program.write(Self.lines(30, from: 1000), to: "more.jsonl")
      let changed = try program.shell("cohort ingest more.jsonl --task-field kind && cohort update && cohort delete 5")
      #expect(changed.status == 0, "\(changed)")
      #expect(try digest([]) == expected)
    }
  }

  @Test func everythingCanBeListedAndDroppedAgain() throws {
    try withProgram { program in
      try Self.prepared(program)
      #expect(try (program.cohort("plan", "list", "--json").json() as? [[String: Any]])?.count == 1)
      #expect(try (program.cohort("snapshot", "list", "--json").json() as? [[String: Any]])?.count == 1)
      #expect(try program.cohort("snapshot", "drop", "monday").status == 2, "a plan stands on it")
      let result = try program.shell(
        "cohort plan drop first && cohort snapshot drop monday && cohort grouping drop tasks")
      #expect(result.status == 0, "\(result)")
      for list in ["plan", "snapshot", "grouping"] {
        #expect(try program.cohort(list, "list", "--json").output == "[]\n")
      }
    }
  }

  @Test func deletedSamplesAreGone() throws {
    try withProgram { program in
      try Self.prepared(program)
      let dry = try program.cohort("delete", "5", "7...9", "--dry-run", "--json")
      #expect(try (dry.json() as? [String: Any])?["deleted"] as? Int == 4)
      #expect(try program.cohort("sample", "show", "5").status == 0)
      let result = try program.cohort("sample", "delete", "5", "7...9", "--json")
      #expect(try (result.json() as? [String: Any])?["ids"] as? [Int] == [5, 7, 8, 9])
      let again = try program.cohort("delete", "5", "--json")
      #expect(try (again.json() as? [String: Any])?["already_deleted"] as? Int == 1)
      #expect(try program.cohort("sample", "show", "5").status == 3)
      #expect(try program.cohort("delete", "4711").status == 3)
    }
  }

  @Test func searchFindsWords() throws {
    try withProgram { program in
      try Self.prepared(program)
      let rows = try program.cohort("sample", "search", "NUMBER 42 of", "--limit", "1", "--format", "jsonl").jsonLines()
      #expect(rows.compactMap { $0["id"] as? Int } == [42])
      #expect(try program.cohort("sample", "search", "nothing like that", "--json").output == "[]\n")
    }
  }

  @Test func exportsComeBackTheSame() throws {
    try withProgram { program in
      try Self.prepared(program)
      let out = try program.cohort("export", "--snapshot", "monday", "--as", "messages", "out.jsonl", "--json")
      #expect(out.status == 0, "\(out)")
      #expect(try (out.json() as? [String: Any])?["written"] as? Int == 300)
      let back = try program.shell(
        "cohort init --store other && cohort ingest out.jsonl --store other --json | tail -1 && "
          + "cohort export --as messages - --store other | cmp - out.jsonl && echo same")
      #expect(back.output.hasSuffix("same\n"), "\(back)")
      let head = try program.shell("cohort export --as messages - | head -1 | wc -l")
      #expect(head.output == "1\n" && head.errors.isEmpty, "\(head)")
    }
  }

  @Test func hostileTextDoesNothingToATerminal() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      let text = #"{"prompt":"\u001b]0;owned\u0007\u001b[2J\u009b31mred","completion":"fine\u0008\u0008bad\nsecond"}"#
      let result = try program.cohort("ingest", "-", "--source", "x", input: text + "\n")
      #expect(result.status == 0, "\(result)")
      for arguments in [["sample", "show", "0"], ["sample", "search", "owned"], ["sample", "show", "0", "--json"]] {
        let terminal = try PseudoTerminal(columns: 120)
        _ = try program.shell("cohort \(arguments.joined(separator: " "))", output: terminal.slave)
        let shown = terminal.text()
        #expect(shown.contains("owned"), "\(arguments)")
        #expect(
          !shown.unicodeScalars.contains { [0x1b, 0x07, 0x08, 0x9b].contains($0.value) }, "\(shown.debugDescription)")
      }
    }
  }

  /// What a shell makes of `*`: as many paths, in the order in which they were given, options before, between and behind.
  @Test func thousandsOfPathsAreTakenInTheirOrder() throws {
    try withProgram { program in
      for number in 0..<1500 {
        try program.write(
          #"{"prompt":"\#(number)","completion":"c"}"# + "\n",
          to: "in/\(number % 2 == 0 ? "a" : "b")\(10_000 + number).jsonl")
      }
      let result = try program.shell(
        "cohort init && cohort ingest --task x in/b*.jsonl --dedupe none in/a*.jsonl --source all in/b10001.jsonl --json"
      )
      #expect(result.status == 0, "\(result)")
      let report = try result.output.split(separator: "\n").last.map {
        try JSONSerialization.jsonObject(with: Data($0.utf8))
      }
      #expect((report as? [String: Any])?["inserted"] as? Int == 1501)
      let shown = try program.cohort("sample", "show", "0", "749", "750", "1499", "1500", "--format", "jsonl")
        .jsonLines()
      #expect(
        shown.compactMap { ($0["messages"] as? [[String: Any]])?.first?["content"] as? String } == [
          "1", "1499", "0", "1498", "1",
        ], "\(shown)")
      #expect(shown.allSatisfy { $0["task"] as? String == "x" && $0["source"] as? String == "all" })
      // A mistake is told as ever.
      let wrong = try program.shell("cohort ingest in/*.jsonl --sauce x --json")
      #expect(wrong.status == 2 && wrong.output.contains("--sauce"), "\(wrong)")
      let missing = try program.shell("cohort ingest in/a*.jsonl none.jsonl --json")
      #expect(missing.status == 3 || missing.status == 1, "\(missing)")
      #expect(missing.output.contains("none.jsonl"))
    }
  }

  /// Nobody knows when a pipe goes on: what came before it does not wait for that.
  @Test func filesBeforeAPipeAreStoredBeforeItGoesOn() throws {
    try withProgram { program in
      try program.write(Self.lines(3), to: "a.jsonl")
      let result = try program.shell(
        """
        set -e; cohort init > /dev/null; mkfifo pipe
        cohort ingest a.jsonl pipe > /dev/null &
        exec 3> pipe
        for i in $(seq 400); do
          samples=$(cohort info --json | grep -o '"samples":[0-9]*'); [ "$samples" = '"samples":3' ] && break; sleep 0.02
        done
        echo "$samples"; echo '{"prompt":"x","completion":"y"}' >&3; exec 3>&-; wait
        cohort info --json | grep -o '"samples":[0-9]*'
        """)
      #expect(result.status == 0 && result.output == "\"samples\":3\n\"samples\":4\n", "\(result)")
    }
  }

  @Test func progressKeepsAwayFromPipes() throws {
    try withProgram { program in
      try program.write(Self.lines(200), to: "data.jsonl")
      _ = try program.cohort("init")
      let quiet = try program.cohort("ingest", "data.jsonl")
      #expect(quiet.errors.isEmpty, "\(quiet)")
      let told = try program.cohort("ingest", "data.jsonl", "--progress", "on")
      #expect(told.errors.contains("ingest  "), "\(told)")
      #expect(!told.errors.contains("\u{1b}"))
      #expect(told.output.contains("duplicates"))
    }
  }
}
