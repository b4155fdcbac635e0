import CohortCatalog
import CohortCore
import CohortStore
import Foundation
import Testing

/// `cohort rebuild-catalog`, killed while it applies the log: what is left is behind, and never wrong.
@Suite struct CatalogKillTests {
  /// A store with many small entries, made in a few transactions.
  private func makeStore(at path: String) throws {
    let store = try Store.create(at: path)
    for part in 0..<4 {
      try store.write { transaction in
        for number in 0..<1000 {
          let content = SampleContent.encode([Message(role: .user, text: "\(part) \(number)")])
          var batch = SampleBatch()
          batch.arena = content
          batch.tasks = ["task \(number % 7)"]
          batch.rows = [
            SampleBatch.Row(
              content: 0..<content.count, attributes: content.count..<content.count, contentHash: XXH3.hash64(content),
              task: 0, line: 1, lengths: SampleLengths(prompt: 1, response: 0, total: 1))
          ]
          batch.records = [.sample(0)]
          _ = try transaction.ingest(PreparedBatch(batch), source: "source \(number % 3)", origin: "test")
        }
      }
    }
  }

  @Test func aKilledRebuildIsFinishedByTheNextOpening() throws {
    let program = try Program()
    defer { withExtendedLifetime(program) {} }
    let path = program.folder.path + "/s"
    try makeStore(at: path)
    let start = ContinuousClock.now
    #expect(try program.cohort("--store", "s", "rebuild-catalog").status == 0)
    let time = Double((ContinuousClock.now - start) / .microseconds(1)) / 1e6
    var expected: Digest128?
    do {
      let store = try Store.open(at: path, access: .owner(name: "test"))
      let catalog = try Catalog(of: store)
      expected = try catalog.contentDigest()
      #expect(try catalog.rebuild(from: store).entries == 4001 && catalog.contentDigest() == expected)
    }
    var random = SplitMix64(seed: 1)
    var partly = 0
    let file = path + "/" + Catalog.fileName
    for round in 0..<20 where partly < 3 {
      for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
      let share = Double.random(in: 0...0.8, using: &random)
      try program.killed(
        ["--store", "s", "rebuild-catalog"], once: { FileManager.default.fileExists(atPath: file) },
        after: time * share)
      let place = "round \(round), killed after \(share) of \(time) s"
      // A reader first, while the file is as the kill left it; then the owner.
      let reader = try Catalog(of: try Store.open(at: path))
      #expect(try reader.contentDigest() == expected, "\(place): \(reader.opening)")
      let catalog = try Catalog(of: try Store.open(at: path, access: .owner(name: "test")))
      #expect(try catalog.contentDigest() == expected, "\(place): \(catalog.opening)")
      #expect([nil, .missing, .otherSchema].contains(catalog.opening.rebuilt), "\(place): \(catalog.opening)")
      #expect(try catalog.verify() == [], "\(place)")
      if catalog.opening.entries > 0 { partly += 1 }
    }
    #expect(partly > 0, "no kill hit the work: \(time)")
  }
}
