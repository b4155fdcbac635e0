import CohortTesting
import Foundation
import Testing

/// Models and tokenizers that are gone, damaged or replaced: what notices it, what puts them back, and what goes on.
@Suite struct NeededFilesTests {
  private static let root = Checkout.root
  private static let bundled = root.appendingPathComponent("Sources/CBundledModel/minilm-l6-256").path
  private static let weights = "cohort/models/minilm-l6-256/model.safetensors"

  /// Changes three bytes, this far before the end of a file.
  private static func damage(_ name: String, _ program: Program, before end: UInt64 = 1 << 20) throws {
    let file = try FileHandle(forUpdating: program.folder.appendingPathComponent(name))
    defer { try? file.close() }
    try file.seek(toOffset: file.seekToEnd() - end)
    let bytes = try #require(try file.read(upToCount: 3))
    try file.seek(toOffset: file.offset() - 3)
    try file.write(contentsOf: Data(bytes.map { ~$0 }))
  }

  private static func prepare(_ program: Program) throws {
    try program.write(PipelineTests.lines(60), to: "data.jsonl")
    try program.write(PipelineTests.lines(60, from: 60), to: "more.jsonl")
    let made = try program.shell(
      """
      set -e
      cohort init --embedding builtin
      cohort ingest data.jsonl --task-field kind
      cohort length add bert --unit tokens --tokenizer \(bundled)/tokenizer.json
      cohort length add words --unit words
      cohort grouping create topics --by embedding --groups 2
      cohort grouping create tasks --by task
      cohort grouping create tokens --by length:bert --edges 5
      cohort grouping create lens --by length:words --edges 5
      cohort grouping create both --by 'topics*tasks' --min-size 2
      cohort update
      cp -r cohort/models cohort/tokenizers .
      """)
    try #require(made.status == 0, "\(made)")
  }

  private static let harms: [(harm: String, place: String)] = [
    ("rm -r cohort/models", "models/minilm-l6-256"),
    ("rm cohort/models/*/config.json", "models/minilm-l6-256"),
    ("truncate -s 1000 cohort/models/*/model.safetensors", "models/minilm-l6-256"),
    ("printf xyz | dd of=\(weights) bs=1 seek=4000000 conv=notrunc", "models/minilm-l6-256"),
    ("rm cohort/tokenizers/*", "tokenizers/"),
    ("echo {} > $(echo cohort/tokenizers/*)", "tokenizers/"),
  ]

  @Test func verifyAndBackupNoticeEachHarm() throws {
    try withProgram { program in
      try Self.prepare(program)
      for (harm, place) in Self.harms {
        let harmed = try program.shell(harm)
        try #require(harmed.status == 0, "\(harmed)")
        let verified = try program.cohort("verify", "--json")
        #expect(verified.status == 4, "\(harm): \(verified)")
        let report = try #require(try verified.jsonLines().first, "\(verified)")
        let problems = report["problems"] as? [[String: Any]] ?? []
        #expect(report["sound"] as? Bool == false && problems.count == 1, "\(harm): \(verified)")
        #expect((problems.first?["place"] as? String)?.hasPrefix(place) == true, "\(harm): \(verified)")
        let hint = try #require(try verified.error()["hint"] as? String)
        #expect(hint.contains("back"), "\(harm): \(hint)")

        let backup = try program.cohort("backup", "copy", "--json")
        #expect(backup.status == 4, "\(harm): \(backup)")
        #expect(try backup.error()["code"] as? String == "pipeline.incomplete-store")
        #expect(try (backup.error()["place"] as? String)?.contains(place) == true, "\(harm): \(backup)")
        #expect(try backup.error()["hint"] as? String == hint)
        #expect(!FileManager.default.fileExists(atPath: program.folder.appendingPathComponent("copy").path))
        let mended = try program.shell("rm -rf cohort/models cohort/tokenizers; cp -r models tokenizers cohort")
        try #require(mended.status == 0)
      }
      #expect(try program.cohort("verify").status == 0)
      #expect(try program.cohort("backup", "copy").status == 0)
      let whole = try program.shell(
        "diff -r -x ..lock models copy/models && diff -r tokenizers copy/tokenizers && cohort verify --store copy && ls -A copy"
      )
      #expect(whole.status == 0 && !whole.output.contains(".unfinished"), "\(whole)")
    }
  }

  /// What the hint says mends it, and the store goes on as if nothing had been.
  @Test func theBundledModelIsPutBack() throws {
    try withProgram { program in
      try Self.prepare(program)
      let harms = ["rm -r cohort/models", "rm \(Self.weights)", "truncate -s 99 \(Self.weights)", "damage"]
      for (number, harm) in harms.enumerated() {
        if harm == "damage" {
          try Self.damage(Self.weights, program)
        } else {
          try #require(try program.shell(harm).status == 0)
        }
        try program.write(PipelineTests.lines(9, from: 1000 * (number + 1)), to: "new.jsonl")
        try #require(try program.cohort("ingest", "new.jsonl").status == 0)
        let update = try program.cohort("update", "--grouping", "topics", "--json")
        #expect(update.status == (number < 2 ? 3 : 4), "\(harm): \(update)")
        #expect(update.output.contains(#""hint":"'cohort model add builtin' puts it back""#), "\(update)")
        let added = try program.cohort("model", "add", "builtin", "--json")
        #expect(added.status == 0, "\(harm): \(added)")
        let same = try program.shell("diff -r -x ..lock models cohort/models && ls cohort/models")
        #expect(same.status == 0 && same.output == "minilm-l6-256\n", "\(harm): \(same)")
        #expect(try program.cohort("update").status == 0)
        #expect(try program.cohort("verify").status == 0)
      }
    }
  }

  /// The space needs a model that is called as the bundled one and is another.
  @Test func anotherVersionIsNotReplaced() throws {
    try withProgram { program in
      try #require(try program.shell("cp -r \(Self.bundled) .").status == 0)
      try Self.damage("minilm-l6-256/model.safetensors", program, before: 1 << 16)
      let made = try program.shell("cohort init --embedding ./minilm-l6-256 && cp -r cohort/models .")
      try #require(made.status == 0, "\(made)")
      let sound = try program.shell("cohort model add builtin && diff -r models cohort/models")
      #expect(sound.status == 0, "\(sound)")
      for harm in ["rm -r cohort/models/*", "damage"] {
        if harm == "damage" {
          try Self.damage(Self.weights, program)
        } else {
          try #require(try program.shell(harm).status == 0)
        }
        let before = try program.shell("find cohort/models -type f | xargs -r md5sum").output
        let refused = try program.cohort("model", "add", "builtin", "--json")
        #expect(refused.status == 2, "\(harm): \(refused)")
        #expect(try refused.error()["code"] as? String == "pipeline.other-model")
        #expect(try program.shell("find cohort/models -type f | xargs -r md5sum").output == before)
        // The right one is taken from its folder.
        let mended = try program.shell(
          "cohort model add ./minilm-l6-256 && diff -r models cohort/models && cohort verify")
        #expect(mended.status == 0, "\(harm): \(mended)")
      }
    }
  }

  @Test func theRestIsBroughtUpToDate() throws {
    try withProgram { program in
      try Self.prepare(program)
      let harmed = try program.shell("rm -r cohort/models && cohort ingest more.jsonl --task-field kind")
      try #require(harmed.status == 0, "\(harmed)")
      func update(_ arguments: String = "") throws -> (status: Int32, message: String, groupings: [String: Int]) {
        let result = try program.shell("cohort update --format jsonl \(arguments)")
        let lines = try result.jsonLines()
        let pending = lines.compactMap { line in
          (line["grouping"] as? String).flatMap { name in (line["pending"] as? Int).map { (name, $0) } }
        }
        return (result.status, result.errors + result.output, Dictionary(pending) { $1 })
      }
      let first = try update()
      #expect(first.status == 3, "\(first)")
      #expect(["tasks", "tokens", "lens"].allSatisfy { first.groupings[$0] == 0 }, "\(first)")
      #expect(first.groupings["topics"] == 60, "\(first)")
      #expect(first.message.contains("embedding spaces default; groupings topics, both"), "\(first)")
      // What does not need it does not fail for it.
      for name in ["tasks", "tokens", "lens"] {
        let one = try update("--grouping \(name)")
        #expect(one.status == 0, "\(name): \(one)")
      }
      for name in ["topics", "both"] { #expect(try update("--grouping \(name)").status == 3, "\(name)") }

      let tokenizer = try program.shell(
        """
        set -e
        cohort model add builtin >&2
        for f in cohort/tokenizers/*; do echo {} > $f; done
        """)
      try #require(tokenizer.status == 0, "\(tokenizer)")
      try program.write(PipelineTests.lines(30, from: 200), to: "third.jsonl")
      try #require(try program.cohort("ingest", "third.jsonl", "--task-field", "kind").status == 0)
      let second = try update()
      #expect(second.status == 4, "\(second)")
      #expect(second.groupings["topics"] == 0 && second.groupings["lens"] == 0, "\(second)")
      #expect(second.groupings["tokens"] == 30, "\(second)")
      #expect(second.message.contains("length measures bert; groupings tokens"), "\(second)")
      try #require(try program.shell("rm -r cohort/tokenizers; cp -r tokenizers cohort").status == 0)
      let last = try update()
      #expect(last.status == 0 && last.groupings.values.allSatisfy { $0 == 0 }, "\(last)")
    }
  }
}
