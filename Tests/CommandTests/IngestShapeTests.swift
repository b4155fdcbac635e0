import Foundation
import Testing

/// What `ingest` says about files that are not as they should be, and how it ends.
@Suite struct IngestShapeTests {
  private static let pointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "ab", count: 32))\nsize 123\n"

  @Test func notesGoToStandardErrorWithoutATerminal() throws {
    try withProgram { program in
      try program.write(#"{"text":"a"}{"text":"b"}"# + "\n" + #"{"text":"c"}"# + "\n", to: "in/a.jsonl")
      try program.write("MIT License", to: "in/LICENSE")
      try program.write("{}", to: "in/config.json")
      _ = try program.cohort("init")
      let result = try program.cohort("ingest", "in", "--json")
      #expect(result.status == 0, "\(result)")
      #expect(result.errors.contains("LICENSE: skipped: not a data file"), "\(result)")
      #expect(result.errors.contains("config.json: skipped: the description of a model"), "\(result)")
      #expect(result.errors.contains("one line holds more than one JSON value"), "\(result)")
      let counts = try #require(try result.json() as? [String: Any])
      #expect(counts["inserted"] as? Int == 3 && (counts["notes"] as? [Any])?.count == 3)
      // Progress stays away, and who wants silence gets it.
      #expect(!result.errors.contains("ingest  "))
      #expect(try program.cohort("ingest", "in", "--progress", "off").errors.isEmpty)
    }
  }

  @Test func aFileWithoutAGoodRecordEndsWithItsReport() throws {
    try withProgram { program in
      try program.write("{broken\n17\n", to: "bad.jsonl")
      try program.write(String(repeating: "{\"text\":}\n", count: 5000), to: "long.jsonl")
      try program.write("", to: "empty.jsonl")
      _ = try program.cohort("init")
      for (file, count) in [("bad.jsonl", 2), ("long.jsonl", 5000)] {
        let result = try program.cohort("ingest", file, "--json")
        #expect(result.status == 6, "\(result)")
        let counts = try #require(try result.json() as? [String: Any])
        #expect(counts["inserted"] as? Int == 0 && counts["quarantined"] as? Int == count)
      }
      let empty = try program.cohort("ingest", "empty.jsonl", "--json")
      #expect(empty.status == 0 && empty.errors.contains("empty: 0 records"), "\(empty)")
    }
  }

  @Test func wordsOnStandardInputAreAnError() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      let result = try program.cohort("ingest", "-", "--json", input: "not json\n")
      #expect(result.status == 1, "\(result)")
      #expect(try result.error()["code"] as? String == "ingestion.not-a-table")
    }
  }

  @Test func pointersAndPagesAreNamedAndNothingIsStored() throws {
    try withProgram { program in
      try program.write(Self.pointer, to: "train.jsonl")
      try program.write("<!DOCTYPE html><html></html>", to: "in/page.jsonl")
      try program.write(#"{"text":"t"}"#, to: "in/z.jsonl")
      _ = try program.cohort("init")
      let pointer = try program.cohort("ingest", "train.jsonl", "--json")
      #expect(pointer.status == 1, "\(pointer)")
      #expect(try pointer.error()["code"] as? String == "ingestion.git-lfs-pointer")
      #expect((try pointer.error()["hint"] as? String)?.contains("git lfs pull") == true)
      #expect(try program.samples() == 0)
      // In a folder the others are read, and the report names the one that is not.
      let folder = try program.cohort("ingest", "in", "--json")
      #expect(folder.status == 1, "\(folder)")
      let report = try #require(try folder.json() as? [String: Any])
      #expect(report["inserted"] as? Int == 1)
      let failures = try #require(report["failures"] as? [[String: Any]])
      #expect(failures.map { $0["code"] as? String } == ["ingestion.html-page"])
      #expect((failures[0]["place"] as? String)?.hasSuffix("in/page.jsonl") == true)
    }
  }

  @Test func splitsAndQuotingAreChosenByFlags() throws {
    try withProgram { program in
      try program.write(#"{"train":[{"text":"a"}],"test":[{"text":"b"},{"text":"c"}]}"#, to: "s.json")
      try program.write("prompt,completion\n\"a,b\n", to: "q.csv")
      _ = try program.cohort("init")
      let test = try #require(
        try program.cohort("ingest", "s.json", "--split", "test", "--json").json() as? [String: Any])
      #expect(test["inserted"] as? Int == 2)
      let gone = try program.cohort("ingest", "s.json", "--split", "dev", "--json")
      #expect(gone.status == 2, "\(gone)")
      #expect(try gone.error()["code"] as? String == "ingestion.no-split")
      let plain = try program.cohort("ingest", "q.csv", "--quoting", "never", "--json")
      #expect(plain.status == 0, "\(plain)")
      #expect(try program.cohort("ingest", "q.csv", "--json").status == 6)
      #expect(try program.cohort("ingest", "q.csv", "--quoting", "perhaps").status == 2)
    }
  }

  @Test func wideNumbersGoThroughTheStore() throws {
    try withProgram { program in
      let digits = "12345678901234567890123456789"
      try program.write(#"{"text":"t","id":\#(digits),"x":1e400}"# + "\n", to: "a.jsonl")
      _ = try program.cohort("init")
      #expect(try program.cohort("ingest", "a.jsonl").status == 0)
      for arguments in [["sample", "show", "0", "--json"], ["sample", "show", "0", "--format", "csv"]] {
        let shown = try program.shell("cohort " + arguments.map { "'\($0)'" }.joined(separator: " "))
        #expect(shown.status == 0 && shown.output.contains(digits) && shown.output.contains("1e400"), "\(shown)")
      }
      let made = try program.shell(
        "cohort grouping create ids --by attribute:id && cohort grouping create xs --by attribute:x && cohort update")
      #expect(made.status == 0, "\(made)")
      for (grouping, label) in [("ids", digits), ("xs", "1e400")] {
        let groups = try program.cohort("group", "list", "--grouping", grouping, "--json")
        #expect(groups.output.contains("\"\(label)\""), "\(groups)")
      }
    }
  }

  @Test func anInboxPutsAsideWhatHoldsNothingGood() throws {
    try withProgram { program in
      try program.makeStore()
      try program.write(Self.pointer, to: "cohort/inbox/a.jsonl")
      try program.write("{broken\n{\"x\n", to: "cohort/inbox/b.jsonl")
      try program.write("", to: "cohort/inbox/c.jsonl")
      try program.write("{broken\n{\"text\":\"good\"}\n", to: "cohort/inbox/d.jsonl")
      let (status, daemon) = try program.daemonOnce()
      #expect(status == 1, "\(daemon.log)")
      #expect(program.names(in: "cohort/inbox/.done") == ["c.jsonl", "d.jsonl"])
      for (name, code, word) in [
        ("a.jsonl", "ingestion.git-lfs-pointer", "git lfs pull"), ("b.jsonl", "daemon.no-good-records", "quarantine"),
      ] {
        let note =
          try JSONSerialization.jsonObject(
            with: Data(try program.read("cohort/inbox/.failed/\(name).error.json").utf8)) as? [String: Any]
        #expect(note?["code"] as? String == code, "\(note ?? [:])")
        #expect((note?["hint"] as? String)?.contains(word) == true)
        if name == "b.jsonl" { #expect(note?["quarantined"] as? Int == 2) }
      }
      #expect(try daemon.events("note").contains { ($0["text"] as? String)?.contains("empty") == true })
    }
  }
}
