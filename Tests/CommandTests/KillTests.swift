import Foundation
import Testing
import CohortSystem
import CohortTesting

/// SIGKILL at random moments while data is poured in and grouped: nothing that was acknowledged is lost, nothing is
/// doubled, and what comes out is what an undisturbed store has.
///
/// 50 kills; with `COHORT_TORTURE` set 50,000. `COHORT_SEED` replays a failure.
@Suite(.serialized) struct KillTests {
  private static let seed = Torture.seed
  private static let stores = Torture.cases(10, tortured: 10_000)
  private static let killsEach = 5

  private static let groupings = [
    ["tasks", "--by", "task"],
    ["lengths", "--by", "length", "--quantiles", "8"],
    ["topics", "--by", "embedding", "--groups", "16"],
  ]

  /// Real samples with their vectors.
  private static let data = Checkout.quickstartData
  private static let first = [
    "ingest", "\(data)/gsm8k", "--task", "gsm8k", "--embeddings", "\(data)/gsm8k.npy", "--json",
  ]
  private static let ingest = [
    "ingest", "\(data)/p3", "--task-from-filename", "--embeddings", "\(data)/p3.npy", "--json",
  ]

  @Test func whatWasAcknowledgedSurvivesAnyKill() throws {
    try withProgram { program in
      let started = Date()
      let calm = try Store(program, "calm")
      #expect(try calm.run(Self.ingest).status == 0)
      #expect(try calm.run(["update"]).status == 0)
      let expected = try calm.content()
      let total = try calm.samples()
      // Kills fall into the whole of what the work takes here and now, start of the process included.
      let longest = Date().timeIntervalSince(started) / 2

      var random = TestRandom(seed: Self.seed)
      var kills = 0
      for number in 0..<Self.stores {
        let place = "seed \(Self.seed), store \(number)"
        let stormy = try Store(program, "stormy")
        var acknowledged = 0
        for _ in 0..<Self.killsEach {
          let draw = Double.random(in: 0..<1, using: &random)
          let work = draw < 0.5 ? Self.ingest : draw < 0.8 ? ["update"] : ["compact"]
          let delay = Double.random(in: 0..<longest, using: &random)
          if try stormy.killed(work, after: delay) {
            kills += 1
          } else if work == Self.ingest {
            acknowledged = total
          }
          let samples = try stormy.samples()
          #expect(samples >= acknowledged, "\(place): an acknowledged sample was lost")
          acknowledged = samples
        }
        let end = try stormy.run(Self.ingest)
        let counts = try #require(try end.json() as? [String: Any], "\(place): \(end)")
        #expect(counts["inserted"] as? Int == total - acknowledged, "\(place): \(end)")
        #expect(try stormy.run(["update"]).status == 0, "\(place)")
        #expect(try stormy.content() == expected, "\(place)")
        try stormy.remove()
      }
      #expect(kills > 0, "seed \(Self.seed): every process ended before it could be killed")
    }
  }

  /// A store in the program's folder, with some samples and the three groupings.
  private struct Store {
    let program: Program
    let name: String

    init(_ program: Program, _ name: String) throws {
      self.program = program
      self.name = name
      try #require(try run(["init"]).status == 0)
      // Makes the embedding space, which the last grouping needs.
      try #require(try run(KillTests.first).status == 0)
      for grouping in KillTests.groupings {
        try #require(try run(["grouping", "create"] + grouping).status == 0)
      }
    }

    func run(_ arguments: [String]) throws -> Program.Result {
      let words = arguments.map { "'\($0)'" }.joined(separator: " ")
      return try program.shell("cohort \(words)", environment: ["COHORT_STORE": name])
    }

    /// Starts a command and kills it. - Returns: whether it was still running.
    func killed(_ arguments: [String], after delay: Double) throws -> Bool {
      let process = try program.killed(arguments, environment: ["COHORT_STORE": name], after: delay)
      if process.terminationReason == .uncaughtSignal { return true }
      #expect(process.terminationStatus == 0, "\(arguments[0]) failed after a kill")
      return false
    }

    func samples() throws -> Int {
      let result = try run(["info", "--json"])
      let info = try #require(try result.json() as? [String: Any], "the store does not open after a kill: \(result)")
      return try #require(info["samples"] as? Int)
    }

    /// All groups of all groupings, and the ids of an epoch of each: any difference of content or order shows.
    func content() throws -> [String] {
      var content: [String] = []
      _ = try run(["snapshot", "create", "all"])
      for grouping in KillTests.groupings {
        let name = grouping[0]
        content.append(try run(["group", "list", "--grouping", name, "--json"]).output)
        _ = try run(["plan", "create", name, "--snapshot", "all", "--grouping", name, "--batch-size", "16"])
        let digest = try run(["plan", "digest", name, "--epochs", "1", "--json"])
        let told = try #require(try digest.json() as? [String: Any], "\(digest)")
        content.append(try #require(told["digest"] as? String, "\(digest)"))
      }
      return content
    }

    func remove() throws {
      try FileManager.default.removeItem(at: program.folder.appendingPathComponent(name))
    }
  }
}
