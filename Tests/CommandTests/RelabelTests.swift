import CohortTesting
import Foundation
import Testing

/// Identity and labels from the command line: what is a duplicate, what it differs in, and how labels are corrected.
@Suite struct RelabelTests {
  private func object(_ result: Program.Result) throws -> [String: Any] {
    try #require(try result.json() as? [String: Any], "\(result)")
  }

  private func count(_ result: Program.Result, _ key: String) throws -> Int {
    try #require(try object(result)[key] as? Int, "\(key): \(result)")
  }

  private static func rows(_ range: Range<Int>, _ rest: (Int) -> String) -> String {
    range.map { #"{"prompt":"p\#($0)","completion":"c\#($0)"\#(rest($0))}"# + "\n" }.joined()
  }

  @Test func recordsThatDifferInWhatIsTrainedOnAreKept() throws {
    try withProgram { program in
      try program.write(
        [
          #"{"prompt":"p","completion":"c","images":["1.png"]}"#,
          #"{"prompt":"p","completion":"c","images":["2.png"]}"#,
          #"{"prompt":"p","completion":"c","Completion":"d","images":["2.png"]}"#,
          #"{"prompt":"p","completion":"c","images":["1.png"],"score":2}"#,
        ].joined(separator: "\n"), to: "data.jsonl")
      let result = try program.shell("cohort init >&2 && cohort ingest data.jsonl --json --progress on")
      #expect(try count(result, "inserted") == 3 && count(result, "duplicates_differing") == 1)
      #expect(try count(result, "duplicates_relabelled") == 0)
      #expect(result.errors.contains("--update-labels"), "\(result)")
      let ignoring = try program.shell(
        "cohort init --store b >&2 && cohort ingest --store b data.jsonl --ignore images,Completion --identity score --json"
      )
      #expect(try count(ignoring, "inserted") == 2)
      let both = try program.cohort("ingest", "data.jsonl", "--ignore", "a", "--identity", "A", "--json")
      #expect(both.status == 2 && both.errors.contains("'A'"), "\(both)")
    }
  }

  @Test func labelsAreCorrectedByRecordsThatComeAgain() throws {
    try withProgram { program in
      try program.write(Self.rows(0..<20) { #","level":\#($0 % 2),"kind":"maht""# }, to: "old.jsonl")
      try program.write(Self.rows(0..<15) { #","level":\#($0 % 3),"kind":"math""# }, to: "new.jsonl")
      let made = try program.shell(
        """
        set -e; cohort init; cohort ingest old.jsonl --source s --task-field kind
        cohort grouping create tasks --by task; cohort grouping create levels --by attribute:level; cohort update
        """)
      try #require(made.status == 0, "\(made)")
      let told = try program.shell("cohort ingest new.jsonl --source s --task-field kind --progress on")
      #expect(
        told.output.contains("duplicates_relabelled") && told.errors.contains("15 came with another task"), "\(told)")
      let updated = try program.shell("cohort ingest new.jsonl --source s --task-field kind --update-labels --json")
      #expect(try count(updated, "updated") == 15 && count(updated, "inserted") == 0, "\(updated)")
      let again = try program.shell("cohort ingest new.jsonl --source s --task-field kind --update-labels")
      #expect(again.output.contains("updated") && !again.output.contains("duplicates_relabelled"), "\(again)")
      #expect(try program.cohort("update").status == 0)
      let groups = try program.shell("cohort group list --grouping tasks --json")
      let list = try #require(try groups.json() as? [[String: Any]], "\(groups)")
      #expect(list.compactMap { $0["size"] as? Int }.sorted() == [5, 15], "\(groups)")
      let sql = try program.shell(
        "cohort sql 'SELECT name, inserted FROM tasks WHERE name IS NOT NULL ORDER BY name' --format csv")
      #expect(sql.output.contains("maht,5") && sql.output.contains("math,15"), "\(sql)")
      let log = try program.shell("cohort log --json")
      #expect(log.output.contains("relabel"), "\(log)")
      let verified = try program.shell("cohort verify --replay && cohort rebuild-catalog")
      #expect(verified.status == 0, "\(verified)")
      let none = try program.cohort("ingest", "new.jsonl", "--update-labels", "--dedupe", "none")
      #expect(none.status == 2, "\(none)")
    }
  }

  @Test func samplesAreRelabelledByIdAndFilter() throws {
    try withProgram { program in
      try program.write(Self.rows(0..<10) { #","level":\#($0)"# }, to: "one.jsonl")
      try program.write(Self.rows(10..<16) { _ in "" }, to: "two.jsonl")
      let made = try program.shell(
        """
        set -e; cohort init; cohort ingest one.jsonl --source one --task a; cohort ingest two.jsonl --source two
        cohort grouping create tasks --by task; cohort update; cohort delete 15
        """)
      try #require(made.status == 0, "\(made)")
      for (line, changed, unchanged, deleted) in [
        ("'0..<3' --to-task a", 0, 3, 0), ("'0..<3' 15 --to-task new --dry-run", 3, 0, 1),
        ("'0..<3' 15 --to-task new", 3, 0, 1), ("--source two --to-task b --set 'tags=[1, 2]' --yes", 5, 0, 0),
        ("--task new --no-task --yes", 3, 0, 0), ("--where level=9 --set level=null --set 'x=\"y\"' --yes", 1, 0, 0),
        ("--grouping tasks --group 0 --set level=3 --yes", 9, 1, 0),
      ] {
        let result = try program.shell("cohort sample relabel \(line) --json")
        #expect(try count(result, "relabelled") == changed, "\(line)\n\(result)")
        #expect(
          try count(result, "unchanged") == unchanged && count(result, "deleted") == deleted, "\(line)\n\(result)")
      }
      let shown = try program.shell("cohort sample show 9 12 --json")
      #expect(shown.output.contains(#""x":"y""#) && shown.output.contains(#""tags":[1,2]"#), "\(shown)")
      #expect(try program.shell("cohort update && cohort verify --replay").status == 0)
      for (line, status) in [
        ("--source two --to-task c", 2), ("1 --to-task c --no-task", 2), ("1", 2), ("1 --set x", 2),
        ("1 --set x=y", 2), ("--to-task c", 2), ("1 --task a --to-task c", 2), ("99 --to-task c", 3),
        ("--source tow --to-task c --yes", 3),
      ] {
        let result = try program.shell("cohort sample relabel \(line) --json")
        #expect(result.status == status, "\(line)\n\(result)")
      }
    }
  }

  @Test(arguments: [("y\n", 0), ("\n", 130)]) func aTerminalIsAsked(answer: String, status: Int) throws {
    try withProgram { program in
      try program.write(Self.rows(0..<4) { _ in "" }, to: "one.jsonl")
      try #require(try program.shell("cohort init && cohort ingest one.jsonl --source one").status == 0)
      let terminal = try PseudoTerminal(columns: 100)
      terminal.type(answer)
      let result = try program.shell("cohort sample relabel --source one --to-task t <&1 2>&1", output: terminal.slave)
      #expect(terminal.text().contains("Relabel 4 samples? [y/N]"))
      #expect(result.status == status)
    }
  }

  /// SIGKILL at random moments of a correction: a sample has all of its old labels or all of its new ones, those of a batch
  /// change together, and the same command goes on.
  @Test func aKilledCorrectionIsWholeOrNotThere() throws {
    let seed = Torture.seed
    try withProgram { program in
      var random = TestRandom(seed: seed)
      let samples = 12_000
      try program.write(Self.rows(0..<samples) { _ in #","level":1,"kind":"a""# }, to: "old.jsonl")
      let made = try program.shell(
        """
        set -e; cohort init; cohort ingest old.jsonl --source s --task-field kind
        cohort grouping create tasks --by task; cohort grouping create levels --by attribute:level; cohort update
        """)
      try #require(made.status == 0, "\(made)")
      var kills = Kills(Torture.cases(4, tortured: 199), within: 0.6)
      while kills.goOn() {
        let round = kills.attempts + 1
        let place = "seed \(seed), round \(round)"
        try program.write(Self.rows(0..<samples) { _ in #","level":\#(round),"kind":"t\#(round)""# }, to: "new.jsonl")
        let arguments = ["ingest", "new.jsonl", "--source", "s", "--task-field", "kind", "--update-labels", "--json"]
        let process = try program.killed(arguments, after: kills.moment(using: &random))
        kills.count(process)
        let verified = try program.shell("cohort verify")
        #expect(verified.status == 0, "\(place): \(verified)")
        let half = try program.shell("cohort update")
        #expect(half.status == 0, "\(place): \(half)")
        let rest = try program.shell("cohort \(arguments.joined(separator: " "))")
        let updated = try count(rest, "updated")
        // Batches have 4,096 records: of the input in order, what is done is a whole number of them, or all.
        #expect((samples - updated) % 4_096 == 0 || updated == 0, "\(place): \(rest)")
        #expect(try program.cohort("update").status == 0)
        let groups = try program.shell("cohort group list --grouping tasks --json")
        let list = try #require(try groups.json() as? [[String: Any]], "\(groups)")
        #expect(list.compactMap { $0["size"] as? Int } == [samples], "\(place): \(groups)")
      }
      #expect(try program.shell("cohort verify --replay").status == 0, "seed \(seed)")
      #expect(kills.made > 0, "seed \(seed): every process ended before it could be killed")
    }
  }
}
