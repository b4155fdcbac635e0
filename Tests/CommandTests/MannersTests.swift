import CohortSystem
import CohortTesting
import Foundation
import Testing

/// What people expect of a command line without having read about it.
@Suite struct MannersTests {
  // MARK: Ranges

  @Test(arguments: [
    ("0:3", [0, 1, 2]), ("0..<3", [0, 1, 2]), ("0-3", [0, 1, 2, 3]), ("0..3", [0, 1, 2, 3]), ("0...3", [0, 1, 2, 3]),
    (":2", [0, 1]), ("..<2", [0, 1]), ("19:", [19, 20]), ("19..<", [19, 20]), ("5", [5]), ("4:4", []),
  ])
  func stepsAreUnderstoodAsPeopleWriteThem(range: String, steps: [Int]) throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let result = try program.cohort("plan", "show", "first", "--steps", range, "--json")
      #expect(result.status == 0, "\(result)")
      #expect(try result.jsonLines().compactMap { $0["step"] as? Int } == steps)
    }
  }

  @Test(arguments: ["3:1", "3-1", "3..1", "a:b", "1:2:3", ":", "..", "-", "1-", "0x1:3"])
  func whatIsNoRangeIsRefused(range: String) throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let result = try program.cohort("plan", "show", "first", "--steps=\(range)", "--json")
      #expect(result.status == 2, "\(range): \(result)")
    }
  }

  @Test func idsTakeTheSameRanges() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let shown = try program.cohort("sample", "show", "3:5", "7-8", "2", "--json")
      let ids = try #require(try shown.json() as? [[String: Any]], "\(shown)").compactMap { $0["id"] as? Int }
      #expect(ids == [3, 4, 7, 8, 2])
    }
  }

  // MARK: What needs not be said

  @Test func theOnlyGroupingNeedsNoName() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let made = try program.shell(
        """
        set -e
        cohort group list --json > bare; cohort group list --grouping tasks --json | cmp - bare
        cohort group show 1 --json > bare; cohort group show 1 --grouping tasks --json | cmp - bare
        cohort plan create bare --snapshot monday --batch-size 16 --seed 7 --json > bare
        cohort export --group 1 --as messages bare > record
        cohort export --group 1 --grouping tasks --as messages named > record
        cmp bare named
        cohort sample delete --group 1 --dry-run --json
        """)
      #expect(made.status == 0, "\(made)")
      #expect((try made.json() as? [String: Any])?["deleted"] as? Int == 100, "\(made)")
      let digests = try ["bare", "first"].map { plan in
        try #require(try program.cohort("plan", "digest", plan, "--epochs", "1", "--json").json() as? [String: Any])
      }
      #expect(digests[0]["digest"] as? String == digests[1]["digest"] as? String)
    }
  }

  @Test func withSeveralGroupingsTheQuestionIsWhich() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      try #require(try program.cohort("grouping", "create", "lengths", "--by", "length").status == 0)
      for line in ["group list", "group show 0", "export --group 0 --as messages -", "delete --group 0 --yes"] {
        let result = try program.shell("cohort \(line) --json")
        #expect(result.status == 2, "\(line): \(result)")
        let hint = try #require(try result.error()["hint"] as? String)
        #expect(hint.contains("tasks") && hint.contains("lengths"), "\(line): \(hint)")
      }
      // The snapshot holds one of them only.
      let plan = try program.cohort("plan", "create", "bare", "--snapshot", "monday", "--batch-size", "16")
      #expect(plan.status == 0, "\(plan)")
    }
  }

  // MARK: What is mistyped

  @Test func aRunThatDoesNotExistIsNotResumed() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let train = "cohort train --plan first --epochs 1 --json"
      let nothing = try program.shell("\(train) --run monday --resume")
      #expect(nothing.status == 3, "\(nothing)")
      #expect(try nothing.error()["code"] as? String == "store.unknown-run")
      try #require(try program.shell("\(train) --run monday").status == 0)
      let mistyped = try program.shell("\(train) --run mondya --resume")
      #expect(mistyped.status == 3, "\(mistyped)")
      #expect(try mistyped.error()["hint"] as? String == "Did you mean 'monday'?")
      let runs = try program.cohort("sql", "SELECT name FROM runs", "--format", "jsonl").jsonLines()
      #expect(runs.compactMap { $0["name"] as? String } == ["monday"], "nothing was begun")
    }
  }

  @Test(arguments: ["mop --help", "help mop", "mop", "--help mop"])
  func helpForAnUnknownCommandSaysThatItIsUnknown(line: String) throws {
    try withProgram { program in
      let result = try program.shell("cohort \(line) --json")
      #expect(result.status == 2, "\(result)")
      #expect(try result.error()["message"] as? String == "'mop' is not a command of 'cohort'")
    }
  }

  @Test(arguments: ["--help", "help", "help plan show", "plan --help", "plan show --help", "--version"])
  func helpForKnownCommandsIsHelp(line: String) throws {
    try withProgram { program in
      let result = try program.shell("cohort \(line)")
      #expect(result.status == 0 && !result.output.isEmpty, "\(result)")
    }
  }

  @Test func anAttributeThatNoSampleHasIsToldOf() throws {
    try withProgram { program in
      try program.write(
        (0..<20).map { #"{"prompt":"p\#($0)","completion":"c","language":"de"}"# + "\n" }.joined(), to: "data.jsonl")
      try #require(try program.shell("cohort init && cohort ingest data.jsonl").status == 0)
      let mistyped = try program.cohort("grouping", "create", "a", "--by", "attribute:lanugage")
      #expect(mistyped.status == 0 && mistyped.errors.contains("No sample has the attribute 'lanugage'"), "\(mistyped)")
      #expect(mistyped.errors.contains("Did you mean 'language'?"), "\(mistyped)")
      let right = try program.cohort("grouping", "create", "b", "--by", "attribute:language")
      #expect(right.status == 0 && right.errors.isEmpty, "\(right)")
      let updated = try program.cohort("update")
      #expect(updated.errors.contains("grouping 'a' is one group, without a label"), "\(updated)")
      #expect(!updated.errors.contains("grouping 'b'"), "\(updated)")
    }
  }

  // MARK: One document

  /// What was printed before the error, and the error, are one array.
  @Test func anErrorBehindRowsIsTheLastElementOfTheirArray() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      try #require(try program.cohort("delete", "7").status == 0)
      for format in [["--json"], ["--format", "json"]] {
        let result = try program.cohort(["sample", "show", "5", "6", "7", "8"] + format)
        #expect(result.status == 3, "\(result)")
        let elements = try #require(try result.json() as? [[String: Any]], "\(result)")
        #expect(elements.compactMap { $0["id"] as? Int } == [5, 6])
        let error = try #require(elements.last?["error"] as? [String: Any])
        #expect(error["message"] as? String == "Sample 7 was deleted")
      }
      let first = try program.cohort("sample", "show", "7", "--json")
      #expect((try first.json() as? [String: Any])?["error"] != nil, "nothing was begun: \(first)")
      // The format may come from anywhere.
      try program.write("format = \"json\"\n", to: "cohort.toml")
      let configured = try program.cohort("sample", "show", "6", "7")
      #expect((try configured.json() as? [[String: Any]])?.count == 2, "\(configured)")
    }
  }

  @Test func reportsAndTheirErrorsAreOneDocument() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      // A grouping by vectors whose model is gone: the update does the rest, and fails.
      let made = try program.shell(
        """
        set -e
        cohort grouping create topics --by embedding --groups 4
        for name in cohort/models/*; do echo broken > "$name/config.json"; done
        """)
      try #require(made.status == 0, "\(made)")
      let updated = try program.cohort("update", "--json")
      #expect(updated.status != 0, "\(updated)")
      let rows = try #require(try updated.json() as? [[String: Any]], "\(updated)")
      #expect(rows.last?["error"] is [String: Any] && rows.contains { $0["grouping"] as? String == "tasks" })
      let verified = try program.cohort("verify", "--json")
      #expect(verified.status == 4, "\(verified)")
      let report = try #require(try verified.json() as? [String: Any], "\(verified)")
      #expect(report["sound"] as? Bool == false && report["error"] is [String: Any])
    }
  }

  @Test func planShowNamesWhatWasDeleted() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let before = try program.cohort("plan", "show", "first", "--json").jsonLines()
      #expect(before.allSatisfy { ($0["deleted"] as? [Int])?.isEmpty == true })
      try #require(try program.cohort("delete", "7", "40", "41").status == 0)
      for texts in [[], ["--text"]] {
        let after = try program.cohort(["plan", "show", "first", "--json"] + texts).jsonLines()
        #expect(after.map { $0["ids"] as? [Int] } == before.map { $0["ids"] as? [Int] }, "the plan is the same")
        for step in after {
          let ids = try #require(step["ids"] as? [Int])
          #expect(step["deleted"] as? [Int] == ids.filter { [7, 40, 41].contains($0) })
        }
      }
      let table = try program.cohort("plan", "show", "first")
      #expect(table.output.contains("40 (deleted)"), "\(table)")
    }
  }

  // MARK: Who, and what

  @Test func infoSaysWhoOwnsTheStore() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      func owner() throws -> [String: Any]? {
        (try program.cohort("info", "--json").json() as? [String: Any])?["owner"] as? [String: Any]
      }
      // The last owner's name still stands in the lock's file.
      #expect(try owner() == nil)
      let training = try program.process(
        Program.executable("cohort"), ["train", "--plan", "first", "--epochs", "100000", "--json"])
      training.standardOutput = FileHandle.nullDevice
      training.standardError = FileHandle.nullDevice
      try training.run()
      defer {
        kill(training.processIdentifier, SIGKILL)
        training.waitUntilExit()
      }
      #expect(try isReached { try owner() != nil })
      #expect(try owner()?["name"] as? String == "cohort train")
      #expect(try owner()?["process"] as? Int == Int(training.processIdentifier))
      // Asking takes no lock that would keep a writer away.
      kill(training.processIdentifier, SIGKILL)
      training.waitUntilExit()
      #expect(try owner() == nil)
    }
  }

  @Test func theLogNamesWhatItSpeaksOf() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let dropped = try program.shell(
        "set -e; cohort plan drop first; cohort snapshot drop monday; cohort grouping drop tasks")
      try #require(dropped.status == 0, "\(dropped)")
      let table = try program.cohort("log").output
      for words in [
        "/data.jsonl, first 0", "grouping tasks, assigned 300", "name first, snapshot monday, grouping tasks",
        "grouping-dropped  grouping tasks",
      ] { #expect(table.contains(words), "\(words): \(table)") }
      let entries = try #require(try program.cohort("log", "--json").json() as? [[String: Any]])
      let round = try #require(entries.first { $0["kind"] as? String == "round" }?["details"] as? [String: Any])
      #expect(round["grouping"] as? Int == 0 && round["grouping_name"] as? String == "tasks")
    }
  }

  @Test func groupsAreSortedByAnyColumnBothWays() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      func sorted(_ options: String) throws -> [[String: Any]] {
        let result = try program.shell("cohort group list --grouping tasks --json \(options)")
        return try #require(try result.json() as? [[String: Any]], "\(options): \(result)")
      }
      let plain = try sorted("")
      for column in ["group", "size", "label", "mean_length", "longest", "radius", "leaked", "tasks"] {
        let rows = try sorted("--sort \(column):asc")
        #expect(rows.count == plain.count)
        let opposite = try sorted("--sort \(column):desc")
        #expect(
          try sorted("--sort \(column):asc --reverse").map { $0["group"] as? Int }
            == opposite.map { $0["group"] as? Int })
        let usual = try sorted("--sort \(column)").map { $0["group"] as? Int }
        #expect([rows, opposite].contains { $0.map { $0["group"] as? Int } == usual }, "\(column)")
        switch column {
        case "group", "size", "longest":
          let values = rows.compactMap { $0[column] as? Int }
          #expect(values == values.sorted() && opposite.compactMap { $0[column] as? Int } == values.sorted(by: >))
        case "label":
          let values = rows.compactMap { $0[column] as? String }
          #expect(
            values == ["code", "poem", "sum"]
              && opposite.compactMap { $0[column] as? String } == ["sum", "poem", "code"])
        case "mean_length":
          let values = rows.compactMap { $0[column] as? Double }
          #expect(values == values.sorted() && values.first != values.last)
        default: break
        }
      }
      #expect(try program.cohort("group", "list", "--sort", "colour").status == 2)
      #expect(try program.cohort("group", "list", "--sort", "size:up").status == 2)
    }
  }
}
