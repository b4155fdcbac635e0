import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Products over histories: what they hold is a function of their factors at any moment.
@Suite struct ProductTests {
  /// Task, and length of the response in words.
  private static func ingest(_ store: Store, _ samples: [(task: String, length: Int)], _ part: Int) throws {
    var text = ""
    for (number, sample) in samples.enumerated() {
      let words = String(repeating: "w ", count: sample.length) + "\(part).\(number)"
      text += "{\"prompt\":\"p \(part) \(number)\",\"completion\":\"\(words)\",\"kind\":\"\(sample.task)\"}\n"
    }
    let folder = try TemporaryFolder()
    let path = folder.file("data.jsonl")
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    var request = IngestRequest(paths: [path])
    request.options.task = .field("kind")
    let report = try IngestJob.run(store, request)
    try #require(report.inserted == UInt64(samples.count))
  }

  /// Every sample's pair of factor groups and product group, live ones only.
  private static func rows(_ store: Store, _ name: String) throws -> [(a: UInt32, b: UInt32, group: UInt32)] {
    try store.read { transaction in
      let groupings = try ["tasks", "lengths", name].map { try #require(try transaction.grouping(named: $0)) }
      var rows: [(a: UInt32, b: UInt32, group: UInt32)] = []
      for id in 0..<(try transaction.counters.nextSample) where try !transaction.isDeleted(SampleID(id)) {
        let values = try groupings.map { try transaction.uint32($0.groupColumn, SampleID(id)) }
        rows.append((values[0], values[1], values[2]))
      }
      return rows
    }
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func aProductIsAFunctionOfItsFactors(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"))
    _ = try store.write { transaction in
      _ = try transaction.createGrouping(name: "tasks", definition: GroupingDefinition(criterion: .task))
      return try transaction.createGrouping(
        name: "lengths", definition: GroupingDefinition(criterion: .length(.response, .quantiles(5))))
    }
    _ = try ProductJob.create(store, name: "both", factors: "tasks*lengths", minimum: 8)
    var meaning: [UInt32: Set<[UInt32]>] = [:]
    for part in 0..<8 {
      let samples = (0..<Int.random(in: 20...120, using: &random)).map { _ in
        (
          task: "task \(Int.random(in: 0..<4, using: &random) + part / 3)",
          length: Int.random(in: 1...40, using: &random)
        )
      }
      try Self.ingest(store, samples, part)
      if part > 2 {
        let end = try store.read { try $0.counters.nextSample }
        let ids = (0..<30).map { _ in SampleID(UInt64.random(in: 0..<end, using: &random)) }
        _ = try DeletionJob.run(store, ids, reason: "test")
      }
      // Now and then only the product, which brings its factors along.
      _ = try Pending.group(store, only: part % 3 == 1 ? "both" : nil)
      let place = Comment(rawValue: "seed \(seed), part \(part)")
      let rows = try Self.rows(store, "both")
      var counts: [[UInt32]: Int] = [:]
      for row in rows { counts[[row.a, row.b], default: 0] += 1 }
      var sizes: [UInt32: UInt64] = [:]
      for row in rows {
        let isCell = (counts[[row.a, row.b]] ?? 0) >= 8
        meaning[row.group, default: []].insert([row.a, isCell ? row.b : .max])
        sizes[row.group, default: 0] += 1
      }
      // A number never stands for another cell, also over time.
      #expect(meaning.values.allSatisfy { $0.count == 1 }, place)
      let listed = try GroupListing.list(store, grouping: "both", withTerms: false)
      #expect(listed.allSatisfy { sizes[$0.group.rawValue] == $0.size } && listed.count == sizes.count, place)
      #expect(listed.allSatisfy { $0.label.contains(" x ") }, place)
      #expect(try store.verify().isSound, place)
      #expect(try ReplayJob.run(store, grouping: "both").isSame, place)
      // Nothing changed, so nothing is done.
      let before = try store.read { try $0.counters.lastSequence }
      #expect(try Pending.group(store, only: "both").last?.rounds == 0, place)
      #expect(try store.read { try $0.counters.lastSequence } == before, place)
    }
    // Made at the end, it is the same.
    _ = try ProductJob.create(store, name: "late", factors: "tasks*lengths", minimum: 8)
    _ = try Pending.group(store)
    let (early, late) = (try Self.rows(store, "both"), try Self.rows(store, "late"))
    #expect(early.map(\.group) == late.map(\.group), "seed \(seed)")
    let snapshot = try Pending.snapshot(store, name: "s")
    let digests = snapshot.groupings.filter { ["both", "late"].contains($0.name) }.map(\.digest)
    #expect(digests.count == 2 && digests[0] == digests[1], "seed \(seed)")
    // Behind its factors, it says so.
    try Self.ingest(store, [(task: "new", length: 3)], 99)
    _ = try Pending.group(store, only: "tasks")
    #expect(try ReplayJob.run(store, grouping: "both").obstacle?.contains("update") == true)
  }
}
