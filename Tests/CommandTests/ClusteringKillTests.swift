import CohortCore
import Foundation
import Testing
import CohortSystem
import CohortTesting

/// SIGKILL at random moments while vectors of real prompts are clustered: the state that comes out has the digest of one
/// that was never killed, and a replay of the log gives the same.
///
/// 10 kills; with `COHORT_TORTURE` set 100. `COHORT_SEED` replays a failure.
@Suite(.serialized) struct ClusteringKillTests {
  private static let seed = Torture.seed
  private static let kills = Torture.cases(10, tortured: 100)

  private static let data = Checkout.quickstartData

  @Test func aKilledUpdateEndsWithTheSameDigest() throws {
    try withProgram { program in
      let prepared = try program.shell(
        """
        set -e
        cohort init --store before
        cohort ingest \(Self.data)/p3 --task-from-filename --embeddings \(Self.data)/p3.npy --store before
        cohort grouping create topics --by embedding --groups 48 --store before
        cp -r before calm
        """)
      try #require(prepared.status == 0, "\(prepared)")
      let started = Date()
      #expect(try program.cohort("update", "--store", "calm").status == 0)
      var longest = Date().timeIntervalSince(started)
      let expected = try Self.content(program, "calm")

      var random = SplitMix64(seed: Self.seed)
      var kills = 0
      var stores = 0
      while kills < Self.kills {
        let name = "stormy\(stores)"
        stores += 1
        try FileManager.default.copyItem(
          at: program.folder.appendingPathComponent("before"), to: program.folder.appendingPathComponent(name))
        // So many kills of one store's clustering, then to the end.
        for attempt in 0..<Int.random(in: 1...8, using: &random) where kills < Self.kills {
          let delay = Double.random(in: 0..<longest, using: &random)
          let process = try program.killed(["update", "--store", name], after: delay)
          guard process.terminationReason == .uncaughtSignal else {
            // All is done. Where that was the first time, work takes less time now than it took then.
            if attempt == 0 { longest *= 0.7 }
            break
          }
          kills += 1
        }
        let end = try program.cohort("update", "--store", name)
        let place = "seed \(Self.seed), store \(stores), \(kills) kills"
        #expect(end.status == 0, "\(place): \(end)")
        #expect(try Self.content(program, name) == expected, "\(place)")
        try FileManager.default.removeItem(at: program.folder.appendingPathComponent(name))
        try #require(stores < 20 * Self.kills, "seed \(Self.seed): too few kills hit the work")
      }
      if Self.kills > 10 { print("\(kills) kills in \(stores) stores, seed \(Self.seed): one digest") }
    }
  }

  /// The digest that a replay of the log finds, and the groups.
  private static func content(_ program: Program, _ store: String) throws -> [String] {
    let verified = try program.cohort("verify", "--replay", "--json", "--store", store)
    try #require(verified.status == 0, "\(verified)")
    let report = try #require(try verified.jsonLines().first?["replay"] as? [[String: Any]])
    let groups = try program.cohort("group", "list", "--grouping", "topics", "--json", "--store", store)
    return [try #require(report.first?["digest"] as? String), groups.output]
  }
}
