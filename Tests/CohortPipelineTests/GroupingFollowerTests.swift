import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// How a grouping reads what it follows.
@Suite struct GroupingFollowerTests {
  private func ingest(_ range: Range<Int>, _ folder: TemporaryFolder, _ store: Store) throws {
    let lines = range.map { #"{"prompt":"q\#($0)","completion":"\#(String(repeating: "r", count: $0 % 37 + 1))"}"# }
    let path = folder.file("\(range).jsonl")
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
    #expect(try IngestJob.run(store, IngestRequest(paths: [path])).inserted == UInt64(range.count))
  }

  /// Once for each round and once for the tail, which is not read again to assign it.
  @Test func theFeedIsReadOnce() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"))
    _ = try store.write {
      try $0.createGrouping(name: "g", definition: GroupingDefinition(criterion: .length(.response, .quantiles(4))))
    }
    let follower = try GroupingFollower(store, grouping: "g")
    try ingest(0..<1000, folder, store)
    let first = try follower.update()
    #expect(first.rounds > 1 && first.provisional > 0)
    #expect(follower.feedReads == first.rounds + 1)
    try ingest(1000..<1003, folder, store)
    let second = try follower.update()
    #expect(second.rounds == 0 && second.assigned == 3 && second.provisional == first.provisional + 3)
    #expect(follower.feedReads == first.rounds + 2)
    // Nothing new: the tail is looked at, and nothing is written.
    let sequence = try store.read { try $0.counters.lastSequence }
    #expect(try follower.update().assigned == 0)
    #expect(follower.feedReads == first.rounds + 3)
    #expect(try store.read { try $0.counters.lastSequence } == sequence)
  }

  /// However often rounds move a sample, it counts once; what changes no group counts not at all.
  @Test(arguments: [GroupingDefinition.Edges.quantiles(4), .equalWidth(6)])
  func assignedCountsSamples(edges: GroupingDefinition.Edges) throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"))
    let grouping = try store.write {
      try $0.createGrouping(name: "g", definition: GroupingDefinition(criterion: .length(.response, edges)))
    }
    func groups() throws -> [UInt32] {
      try store.read { transaction in
        let record = try #require(try transaction.grouping(grouping.id))
        return try (0..<(try transaction.counters.nextSample)).map {
          try transaction.uint32(record.groupColumn, SampleID($0))
        }
      }
    }
    let follower = try GroupingFollower(store, grouping: "g")
    try ingest(0..<1000, folder, store)
    let first = try follower.update()
    #expect(first.rounds > 1 && first.assigned == 1000)
    // Each was moved at least once, and many of them by later rounds.
    #expect(first.changes > first.assigned)
    var before = try groups()
    try ingest(1000..<1150, folder, store)
    let second = try follower.update()
    let after = try groups()
    before += [UInt32](repeating: GroupID.unassigned.rawValue, count: after.count - before.count)
    let changed = zip(before, after).count { $0 != $1 }
    #expect(second.assigned >= UInt64(changed) && second.assigned <= second.changes)
    #expect(second.assigned <= UInt64(after.count))
    let third = try follower.update()
    #expect(third.assigned == 0 && third.changes == 0)
  }

  /// What a grouping needs is what its factors need.
  @Test func needsAreThoseOfTheFactors() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"))
    _ = try MeasureLibrary.add(store, name: "m", unit: .bytes, tokenizer: nil)
    try store.write { transaction in
      _ = try transaction.createSpace(name: "s", provider: "npy", fingerprint: "f", dimension: 2)
      for (name, definition) in [
        ("tasks", GroupingDefinition(criterion: .task)),
        ("near", GroupingDefinition(criterion: .embedding(space: "s"))),
        ("sizes", GroupingDefinition(criterion: .length(.total, .quantiles(3), measure: "m"))),
        ("both", GroupingDefinition(criterion: .product("near", "sizes", minimum: 1))),
      ] {
        _ = try transaction.createGrouping(name: name, definition: definition)
      }
    }
    let groupings = try store.read { try $0.groupings() }
    #expect(groupings.needs(of: "tasks") == GroupingNeeds())
    #expect(groupings.needs(of: "near").spaces == ["s"] && groupings.needs(of: "near").measures.isEmpty)
    #expect(groupings.needs(of: "both").spaces == ["s"] && groupings.needs(of: "both").measures == ["m"])
    #expect(groupings.needs(of: "gone") == GroupingNeeds())
  }
}
