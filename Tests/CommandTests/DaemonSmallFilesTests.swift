import CohortTesting
import Foundation
import Testing

/// Many small files are read together, and each ends as if it had come alone.
@Suite struct DaemonSmallFilesTests {
  private static func name(_ number: Int) -> String { "\(1000 + number).jsonl" }

  private static func fill(_ program: Program, _ store: String, files: Int) throws {
    for number in 0..<files {
      try program.write(
        PipelineTests.lines(1 + number % 3, from: number * 10), to: "\(store)/inbox/\(name(number))")
    }
  }

  /// What a store holds, sample by sample, in the order of ids.
  private static func content(_ program: Program, _ store: String) throws -> String {
    let result = try program.cohort(
      "export", "--as", "messages", "--with", "ids,lengths,line,source", "-", "--store", store)
    try #require(result.status == 0, "\(result)")
    return result.output.replacingOccurrences(of: "/\(store)/", with: "/")
  }

  @Test func eachFileEndsByItsOwnVerdict() throws {
    try withProgram { program in
      try program.makeStore()
      try Self.fill(program, "cohort", files: 300)
      // Bad ones of every kind among them.
      try program.write("PAR1 and so on", to: "cohort/inbox/1010x.parquet")
      try program.write("# no data\n", to: "cohort/inbox/1020x.md")
      try program.write("", to: "cohort/inbox/1030x.jsonl")
      try program.write(PipelineTests.lines(5, from: 9000) + "{broken\n", to: "cohort/inbox/1040x.jsonl")
      try program.write(PipelineTests.lines(4000, from: 20_000), to: "whole.jsonl")
      let made = try program.shell(
        "gzip -c whole.jsonl | head -c 9000 > cohort/inbox/1050x.jsonl.gz; ln -s ../../whole.jsonl cohort/inbox/1060x.jsonl"
      )
      try #require(made.status == 0, "\(made)")
      let (status, daemon) = try program.daemonOnce("--task-field", "kind")
      #expect(status == 1, "\(daemon.log)")
      let failed = ["1010x.parquet", "1020x.md", "1050x.jsonl.gz", "1060x.jsonl"]
      #expect(program.names(in: "cohort/inbox").isEmpty)
      #expect(
        program.names(in: "cohort/inbox/.failed") == failed.flatMap { [$0, $0 + ".error.json"] })
      #expect(program.names(in: "cohort/inbox/.done").count == 302)
      let codes = try failed.map { name in
        try daemon.events("file_failed", file: name).compactMap { $0["code"] as? String }
      }
      #expect(
        codes == [
          ["ingestion.foreign-format"], ["ingestion.not-a-table"], ["ingestion.damaged-input"], ["daemon.refused"],
        ])
      let note = try JSONSerialization.jsonObject(
        with: Data(try program.read("cohort/inbox/.failed/1050x.jsonl.gz.error.json").utf8))
      let cut = (note as? [String: Any])?["inserted"] as? Int ?? -1
      #expect(try program.samples() == 600 + 5 + cut)
      #expect(try daemon.events("ingested", file: "1040x.jsonl").first?["quarantined"] as? Int == 1)
      // Read together: that is what saves the commits.
      let together = try daemon.events("ingested").compactMap { $0["files"] as? Int }
      #expect(together.count > 250 && together.max() ?? 0 >= 100, "\(together)")
      #expect(try program.shell("cohort verify").status == 0)
    }
  }

  @Test func idsAndSamplesAreThoseOfFilesTakenOneByOne() throws {
    try withProgram { program in
      for store in ["together", "alone"] {
        try program.makeStore(store)
        try Self.fill(program, store, files: 150)
      }
      #expect(try program.daemonOnce("--store", "together", "--task-field", "kind").status == 0)
      for number in 0..<150 {
        let name = "alone/inbox/\(Self.name(number))"
        #expect(try program.shell("cohort ingest \(name) --store alone --task-field kind").status == 0)
      }
      #expect(try Self.content(program, "together") == Self.content(program, "alone"))
    }
  }

  /// The folder is the task, and vectors belong to one file: such files are not mixed with others.
  @Test func foldersAndVectorsKeepToTheirOwn() throws {
    try withProgram { program in
      try program.makeStore()
      for number in 0..<30 {
        let folder = ["", "math/", "poems/"][number / 10]
        try program.write(PipelineTests.lines(2, from: number * 10), to: "cohort/inbox/\(folder)\(Self.name(number))")
      }
      let vectors = NPYFile.floats([[1, 0], [0, 1]])
      try Data(vectors).write(to: program.folder.appendingPathComponent("cohort/inbox/math/1015.npy"))
      let (status, daemon) = try program.daemonOnce("--task-from-folder")
      #expect(status == 0, "\(daemon.log)")
      let tasks = try program.cohort("sql", "SELECT name, inserted FROM tasks ORDER BY name", "--format", "csv")
      #expect(tasks.output.split { $0.isNewline } == ["name,inserted", ",20", "math,20", "poems,20"])
      let embedded = try daemon.events("ingested").filter { $0["embedded"] != nil }
      #expect(embedded.count == 1 && embedded.first?["file"] as? String == "math/1015.jsonl", "\(embedded)")
      #expect(embedded.first?["embedded"] as? Int == 2 && embedded.first?["files"] == nil)
      #expect(program.names(in: "cohort/inbox/.done/math").contains("1015.npy"))
      // The order is that of the names, as if each had come alone.
      let order = try daemon.events("ingested").compactMap { $0["file"] as? String }
      #expect(order.count == 30 && order == order.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }
  }

  /// SIGKILL at random moments: what was put away is stored, and nothing is stored twice.
  @Test func killsLoseNothingAndDoubleNothing() throws {
    let seed = Torture.seed
    var random = TestRandom(seed: seed)
    let files = 400
    try withProgram { program in
      for store in ["killed", "calm"] {
        try program.makeStore(store)
        try Self.fill(program, store, files: files)
      }
      for _ in 0..<(Torture.number ?? 8) {
        let daemon = try DaemonProcess(
          program, ["--store", "killed", "--task-field", "kind", "--quiet", "0"], waitingFor: "ready")
        usleep(UInt32(random.next() % 150_000))
        daemon.end(by: SIGKILL)
        let away = program.names(in: "killed/inbox/.done")
        #expect(program.names(in: "killed/inbox").count + away.count == files, "seed \(seed)")
        // Nothing is put away before it is durable.
        let known = try program.shell("cohort sql 'SELECT name FROM sources' --store killed --format csv")
        let sources = Set(known.output.split { $0.isNewline }.map(String.init))
        let early = away.filter { !sources.contains("inbox/\($0)") }
        #expect(early.isEmpty, "seed \(seed)")
      }
      for store in ["killed", "calm"] {
        let (status, daemon) = try program.daemonOnce("--store", store, "--task-field", "kind")
        #expect(status == 0, "seed \(seed): \(daemon.log)")
        #expect(program.names(in: "\(store)/inbox/.done").count == files, "seed \(seed)")
      }
      #expect(try Self.content(program, "killed") == Self.content(program, "calm"), "seed \(seed)")
      #expect(try program.shell("cohort verify --store killed").status == 0, "seed \(seed)")
    }
  }
}
