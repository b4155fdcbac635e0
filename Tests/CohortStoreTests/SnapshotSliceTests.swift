import CohortCore
import CohortStore
import CohortTesting
import Testing

/// A snapshot that is written in several transactions is the one that one transaction writes.
@Suite struct SnapshotSliceTests {
  private struct Killed: Error {}

  /// 9,000 samples in two groupings: three pieces and a table of groups each.
  private func store(_ folder: TemporaryFolder, _ name: String) throws -> Store {
    let store = try Store.create(
      at: folder.file(name), id: FormatStore.id, mapSize: 256 << 20, clock: { FormatStore.time })
    for (source, count) in [("a", 8000), ("b", 1000)] {
      var builder = SampleBatchBuilder()
      for number in 0..<count { builder.add(prompt: "\(number)", response: "r") }
      let prepared = builder.prepared
      _ = try store.write { try $0.ingest(prepared, source: source, origin: "") }
    }
    for (index, name) in ["odd", "third"].enumerated() {
      let grouping = try store.write {
        try $0.createGrouping(name: name, definition: GroupingDefinition(criterion: .task))
      }
      let step = UInt64(index + 2)
      let round = RoundCommit(
        assignments: (0..<9000).map { Assignment(id: SampleID($0), group: GroupID(UInt32($0 % step))) },
        groups: (0..<step).map { GroupRecord(id: GroupID(UInt32($0)), geometry: .label("\($0)"), born: 0) },
        engineState: [], applied: FeedPosition(sequence: LogSequence(4), offset: 0), isProvisional: false, events: [],
        digest: 1)
      try store.write { _ = try $0.commit(round, to: grouping) }
    }
    _ = try store.write { try $0.delete([SampleID(5), SampleID(4100)], reason: "") }
    return store
  }

  private func bytes(_ store: Store) throws -> [[[UInt8]]] {
    let raw = try RawTables(at: store.path)
    return try ["membership", "log", "names"].map { try raw.values($0).flatMap { [$0.key, $0.value] } }
  }

  private func drafts(_ store: Store) throws -> [UInt8]? {
    try RawTables(at: store.path).values("meta").first { $0.key == Array("drafts".utf8) }?.value
  }

  @Test func slicesGiveTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let whole = try store(folder, "whole")
    let record = try whole.write { try $0.createSnapshot(name: "s", groupings: ["odd", "third"]) }
    let expected = try bytes(whole)
    #expect(expected[0].count == 16)
    for slice in [1, 2, 3, 7, 8, 8000] {
      let other = try store(folder, "slice\(slice)")
      var transactions = 1
      let made = try other.createSnapshot(name: "s", groupings: ["odd", "third"], slice: slice) { _ in
        transactions += 1
        // Nobody sees it before it is whole, and what is there is sound.
        #expect(try other.read { try $0.snapshots() } == [])
        #expect(try other.verify().isSound)
        let draft = try #require(try drafts(other))
        #expect(Array(draft[8...]) == [1, 0, 0, 0, 0])
      }
      #expect(transactions == (8 + slice - 1) / slice)
      #expect(made == record, "\(slice)")
      #expect(try bytes(other) == expected, "\(slice)")
      #expect(try drafts(other) == nil)
      #expect(try other.verify().isSound)
    }
  }

  @Test func whatAKilledCreationLeftIsRemoved() throws {
    let folder = try TemporaryFolder()
    let store = try store(folder, "s")
    let expected = try self.store(folder, "whole").createSnapshot(name: "s", groupings: ["odd"])
    for kill in 1...3 {
      #expect(throws: Killed.self) {
        try store.createSnapshot(name: "s", groupings: ["odd"], slice: 1) { if $0 == kill { throw Killed() } }
      }
      #expect(try store.read { try $0.snapshots() } == [])
      #expect(try RawTables(at: store.path).values("membership").count == kill)
      #expect(try store.verify().isSound)
    }
    let made = try store.createSnapshot(name: "s", groupings: ["odd"], slice: 1)
    #expect(made.digest == expected.digest && made.sequence == expected.sequence && made.id == 3)
    #expect(try RawTables(at: store.path).values("membership").count == 4)
    #expect(try drafts(store) == nil)
    #expect(try store.verify().isSound)
    try store.write { try $0.dropSnapshot(named: "s") }
    #expect(try RawTables(at: store.path).values("membership").isEmpty)
    #expect(try store.verify().isSound)
  }

  /// Deletions, rounds, and other snapshots that come in between are not in it.
  @Test func itIsTheStateThatWasRead() throws {
    let folder = try TemporaryFolder()
    let store = try store(folder, "s")
    let expected = try self.store(folder, "whole").createSnapshot(name: "s", groupings: ["odd", "third"])
    let made = try store.createSnapshot(name: "s", groupings: ["odd", "third"], slice: 3) { written in
      if written == 1 {
        _ = try store.write { try $0.delete([SampleID(0), SampleID(8999)], reason: "") }
        _ = try store.createSnapshot(name: "between", groupings: ["odd"], slice: 1)
      } else {
        try store.write { try $0.dropGrouping(named: "third") }
      }
    }
    #expect(made.digest == expected.digest && made.sequence == expected.sequence && made.samples == expected.samples)
    #expect(try store.read { try $0.snapshots() }.map(\.name) == ["s", "between"])
    #expect(try store.verify().isSound)
    // A name that was taken meanwhile is refused, and leaves nothing for ever.
    let error = #expect(throws: CohortError.self) {
      try store.createSnapshot(name: "late", groupings: ["odd"], slice: 2) { _ in
        _ = try store.write { try $0.createSnapshot(name: "late", groupings: []) }
      }
    }
    #expect(error?.code.name == "store.snapshot-exists")
    _ = try store.createSnapshot(name: "last", groupings: ["odd"])
    #expect(try drafts(store) == nil)
    #expect(try store.verify().isSound)
  }
}
