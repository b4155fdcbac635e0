import CohortCore
import CohortStore
import Foundation
import Testing
import CohortSystem
import CohortTesting

/// One store in several processes: this one reads through the library while the real program writes, reads and dies.
@Suite struct SharedStoreTests {
  private static let data = Checkout.quickstartData

  /// A reader whose map is smaller than what another process writes follows it, while a third one reads, too.
  @Test func aReaderFollowsAStoreThatOutgrowsItsMap() throws {
    try withProgram { program in
      try #require(try program.cohort("init").status == 0)
      let store = try Store.open(at: program.folder.appendingPathComponent("cohort").path, mapSize: 256 << 10)
      #expect(try store.sizes().mapBytes < 1 << 20)
      let files = try FileManager.default.contentsOfDirectory(atPath: "\(Self.data)/p3").sorted()
      let started = try store.sizes().mapBytes
      var expected: UInt64 = 0
      for file in files.prefix(20) {
        let other = try program.process(Program.executable("cohort"), ["log", "--json"])
        other.standardOutput = FileHandle.nullDevice
        try other.run()
        let result = try program.cohort("ingest", "\(Self.data)/p3/\(file)", "--json")
        let counts = try #require(try result.json() as? [String: Any], "\(result)")
        expected += UInt64(counts["inserted"] as? Int ?? 0)
        let live = try store.read { try $0.counters.live }
        let last = try store.read { try $0.sample(SampleID(expected - 1)) }
        #expect(live == expected && last != nil)
        other.waitUntilExit()
        #expect(other.terminationStatus == 0)
      }
      #expect(try store.sizes().mapBytes > started)
      #expect(try store.verify().isSound)
    }
  }

  /// Readers that are killed leave neither a slot that stays nor pages that cannot be used again.
  @Test func killedReadersLeaveNothing() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let path = program.folder.appendingPathComponent("cohort").path
      var random = TestRandom(seed: 17)
      var kills = Kills(20, within: 0.06)
      while kills.goOn() {
        let round = kills.attempts
        kills.count(try program.killed(["verify"], after: kills.moment(using: &random)))
        let row = "{\"prompt\": \"round \(round)\", \"completion\": \"yes\"}\n"
        let result = try program.cohort("ingest", "-", "--source", "rounds", "--json", input: row)
        #expect(result.status == 0, "\(result)")
      }
      #expect(kills.made > 0, "every process ended before it could be killed")
      let store = try Store.open(at: path)
      #expect(try store.repair(dryRun: true).deadReaders == 0)
      #expect(try store.sizes().readers <= 8)
      #expect(try store.verify().isSound)
    }
  }

  /// Address space can be limited: the map is then as large as it may be.
  @Test func aStoreOpensInLittleAddressSpace() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let result = try program.shell("ulimit -v 3000000; cohort info --json && cohort export --as messages - | wc -l")
      #expect(result.status == 0, "\(result)")
      let info = try #require(
        try? JSONSerialization.jsonObject(with: Data(result.output.split(separator: "\n")[0].utf8)))
      #expect(((info as? [String: Any])?["map_bytes"] as? Int ?? .max) < 3_000_000_000)
    }
  }
}
