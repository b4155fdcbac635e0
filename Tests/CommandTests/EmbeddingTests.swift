import Foundation
import Testing
import CohortSystem
import CohortTesting

/// Vectors without network: the model that is part of the program, spaces, models of one's own, and kills.
@Suite(.serialized) struct EmbeddingTests {
  private static let data = Checkout.quickstartData

  private static func spaces(_ program: Program) throws -> [[String: Any]] {
    try #require(try program.cohort("space", "list", "--json").json() as? [[String: Any]])
  }

  @Test func fourCommandsGiveGroupsThatMeanSomething() throws {
    try withProgram { program in
      let script = """
        set -e
        cohort init
        cohort ingest \(Self.data)/p3 --task-from-filename
        cohort grouping create topics --by embedding --groups 24
        cohort update
        """
      let made = try program.shell(script)
      #expect(made.status == 0, "\(made)")
      let space = try #require(try Self.spaces(program).first)
      #expect(space["name"] as? String == "default" && space["provider"] as? String == "builtin")
      #expect(space["model"] as? String == "minilm-l6-256" && space["text"] as? String == "prompt")
      let samples = try #require(space["vectors"] as? Int)
      #expect(samples > 2300 && space["pending"] as? Int == 0)
      let listed = try program.cohort("group", "list", "--grouping", "topics", "--json")
      let groups = try #require(try listed.json() as? [[String: Any]])
      #expect(groups.compactMap { $0["size"] as? Int }.reduce(0, +) == samples)
      let group = try #require(groups.first?["group"] as? Int)
      let shown = try program.cohort("group", "show", "\(group)", "--grouping", "topics")
      #expect(shown.status == 0 && shown.output.contains("medoid"), "\(shown)")
    }
  }

  @Test func initChoosesWhatMakesVectors() throws {
    try withProgram { program in
      #expect(try program.cohort("init", "--embed-text", "both").status == 0)
      #expect(try Self.spaces(program).first?["text"] as? String == "both")
      let models = try #require(try program.cohort("model", "list", "--json").json() as? [[String: Any]])
      #expect(models.first?["dimension"] as? Int == 256 && models.count == 1)
      let model = program.folder.appendingPathComponent("cohort/models/minilm-l6-256").path

      // Any folder in the same layout: here the same model under another name.
      #expect(try program.cohort("--store", "own", "init", "--embedding", model).status == 0)
      let info = try program.cohort("--store", "own", "model", "info", "minilm-l6-256", "--json")
      #expect(try (info.json() as? [String: Any])?["spaces"] as? [String] == ["default"], "\(info)")
      #expect(try program.cohort("--store", "own", "model", "add", model, "--name", "second").status == 0)
      let created = try program.cohort(
        "--store", "own", "space", "create", "answers", "--model", "second", "--text", "response")
      #expect(created.status == 0, "\(created)")
      let several = try program.cohort("--store", "own", "grouping", "create", "g", "--by", "embedding", "--json")
      #expect(several.status == 2)
      #expect(try several.error()["code"] as? String == "pipeline.several-spaces")

      let wrong = try program.cohort("--store", "bad", "init", "--embedding", "/nowhere", "--json")
      #expect(wrong.status == 3, "\(wrong)")
      #expect(!FileManager.default.fileExists(atPath: program.folder.appendingPathComponent("bad").path))

      #expect(try program.cohort("--store", "none", "init", "--embedding", "none").status == 0)
      let refused = try program.cohort("--store", "none", "grouping", "create", "g", "--by", "embedding", "--json")
      #expect(try refused.error()["code"] as? String == "pipeline.no-space")
    }
  }

  /// A store that is given its vectors does not make others for nothing.
  @Test func givenVectorsAreNotMadeAgain() throws {
    try withProgram { program in
      let script = """
        set -e
        cohort init
        cohort ingest \(Self.data)/gsm8k --task gsm8k --embeddings \(Self.data)/gsm8k.npy
        cohort grouping create topics --by embedding --groups 4
        cohort update
        """
      let made = try program.shell(script)
      #expect(made.status == 0, "\(made)")
      let spaces = try Self.spaces(program)
      #expect(spaces.count == 1 && spaces.first?["provider"] as? String == "npy")
      #expect(!FileManager.default.fileExists(atPath: program.folder.appendingPathComponent("cohort/models").path))
      // Samples that come without theirs wait for them.
      #expect(
        try program.cohort("ingest", "\(Self.data)/apibench", "--map", "prompt=code,response=api_call").status == 0)
      #expect(try program.cohort("update").status == 0)
      #expect(try Self.spaces(program).first?["pending"] as? Int == 600)
    }
  }

  /// SIGKILL at random moments: every sample is embedded once, none twice, none is lost, and the groups are the same.
  @Test func whatIsKilledGoesOn() throws {
    let seed = Torture.seed
    try withProgram { program in
      let prepare = """
        set -e
        cohort init --embedding builtin
        cohort ingest \(Self.data)/p3 \(Self.data)/gsm8k
        cohort grouping create topics --by embedding --groups 8
        """
      #expect(try program.shell(prepare, environment: ["COHORT_STORE": "calm"]).status == 0)
      let started = Date()
      #expect(try program.cohort("--store", "calm", "update").status == 0)
      let longest = Date().timeIntervalSince(started)
      let expected = try program.cohort("--store", "calm", "group", "list", "--grouping", "topics", "--json").output

      #expect(try program.shell(prepare, environment: ["COHORT_STORE": "stormy"]).status == 0)
      var random = TestRandom(seed: seed)
      for _ in 0..<12 {
        try program.killed(["--store", "stormy", "update", "--workers", "2"], after: longest * random.unit())
      }
      #expect(try program.cohort("--store", "stormy", "update").status == 0, "seed \(seed)")
      let log = try program.cohort("--store", "stormy", "log", "--kind", "embed", "--format", "jsonl").jsonLines()
      let vectors = log.compactMap { ($0["details"] as? [String: Any])?["vectors"] as? Int }
      let samples = try program.cohort("--store", "stormy", "info", "--json").json() as? [String: Any]
      #expect(vectors.reduce(0, +) == samples?["samples"] as? Int, "seed \(seed)")
      let groups = try program.cohort("--store", "stormy", "group", "list", "--grouping", "topics", "--json").output
      #expect(groups == expected, "seed \(seed)")
      let verified = try program.cohort("--store", "stormy", "verify")
      #expect(verified.status == 0, "seed \(seed): \(verified)")
    }
  }

  @Test func theDaemonEmbedsWhatItTakesIn() throws {
    try withProgram { program in
      #expect(try program.cohort("init").status == 0)
      #expect(try program.cohort("grouping", "create", "topics", "--by", "embedding", "--groups", "2").status == 0)
      let daemon = try DaemonProcess(program)
      try program.drop(PipelineTests.lines(90), as: "cohort/inbox/a.jsonl")
      try daemon.wait("vectors") { try Self.spaces(program).first?["vectors"] as? Int == 90 }
      try daemon.wait("groups") {
        let groups = try program.cohort("group", "list", "--grouping", "topics", "--json").json() as? [[String: Any]]
        return groups?.compactMap { $0["size"] as? Int }.reduce(0, +) == 90
      }
      #expect(daemon.end() == 0, "\(daemon.log)")
    }
  }
}
