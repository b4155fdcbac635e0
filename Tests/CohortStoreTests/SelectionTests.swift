import CohortCore
import CohortStore
import CohortTesting
import Testing

/// Core sets as the store keeps them.
@Suite struct SelectionTests {
  private static func new(_ name: String, _ ids: [UInt64]) -> NewSelection {
    NewSelection(name: name, method: "random", ids: ids, recipe: [1, 2, 3], report: #"{"selection":"x"}"#)
  }

  private static func code(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? CohortError)?.code.name
    }
  }

  @Test func aSelectionIsReadAsItWasWritten() throws {
    let seed: UInt64 = 401
    var random = TestRandom(seed: seed)
    let folder = try TemporaryFolder()
    let store = try FormatStore(at: folder.file("s")).store
    let snapshot = try #require(try store.read { try $0.snapshots().first })
    #expect(try store.read { try $0.selections() } == [])
    // Ids that need more than 32 bits are kept, too; more than one piece of them.
    for (name, count, top) in [("small", 3, 10), ("large", 9_000, 1 << 20), ("wide", 4_097, 1 << 40)] {
      var ids = Set<UInt64>()
      while ids.count < count { ids.insert(UInt64(random.below(top))) }
      let order = ids.sorted().shuffled(using: &random)
      let record = try store.write { try $0.createSelection(Self.new(name, order), of: snapshot) }
      #expect(record.count == UInt64(count) && record.snapshot == snapshot.id, "seed \(seed)")
      #expect(try store.read { try $0.existingSelection(name) } == record)
      #expect(try store.read { try $0.selection(record.id) } == record)
      #expect(try store.read { try $0.ids(of: record).map(\.rawValue) } == order, "seed \(seed), \(name)")
      var digest = StreamingDigest()
      for id in order { digest.update(id) }
      #expect(digest.finish() == record.digest)
    }
    #expect(try store.read { try $0.selections() }.map(\.name) == ["small", "large", "wide"])
    #expect(try store.verify().isSound)
  }

  @Test func namesAreUniqueAndFreeAgainAndNumbersAreNot() throws {
    let folder = try TemporaryFolder()
    let store = try FormatStore(at: folder.file("s")).store
    let snapshot = try #require(try store.read { try $0.snapshots().first })
    let first = try store.write { try $0.createSelection(Self.new("core", [2, 1]), of: snapshot) }
    #expect(
      Self.code { _ = try store.write { try $0.createSelection(Self.new("core", [1]), of: snapshot) } }
        == "store.selection-exists")
    #expect(
      Self.code { _ = try store.write { try $0.createSelection(Self.new("", [1]), of: snapshot) } } == "store.name")
    #expect(Self.code { try store.write { try $0.dropSelection(named: "cor") } } == "store.unknown-selection")
    // What stands on a snapshot keeps it.
    for plan in try store.read({ try $0.plans() }) where plan.snapshot == snapshot.id {
      try store.write { try $0.dropPlan(named: plan.name) }
    }
    #expect(Self.code { try store.write { try $0.dropSnapshot(named: snapshot.name) } } == "store.snapshot-in-use")
    try store.write { try $0.dropSelection(named: "core") }
    #expect(Self.code { _ = try store.read { try $0.ids(of: first) } } == "store.dropped")
    let second = try store.write { try $0.createSelection(Self.new("core", [5]), of: snapshot) }
    #expect(second.id == first.id + 1)
    try store.write { try $0.dropSelection(named: "core") }
    try store.write { try $0.dropSnapshot(named: snapshot.name) }
    #expect(
      Self.code { _ = try store.write { try $0.createSelection(Self.new("late", [1]), of: snapshot) } }
        == "store.unknown-snapshot")
    #expect(try store.verify().isSound)
  }

  @Test func theLogTellsOfSelections() throws {
    let folder = try TemporaryFolder()
    let store = try FormatStore(at: folder.file("s")).store
    let snapshot = try #require(try store.read { try $0.snapshots().first })
    let before = try store.read { try $0.counters.lastSequence }
    let record = try store.write { try $0.createSelection(Self.new("core", [2, 1]), of: snapshot) }
    try store.write { try $0.dropSelection(named: "core") }
    var events: [any LogPayload] = []
    try store.read { transaction in
      try transaction.forEachEntry { entry in
        if entry.sequence > before { events.append(entry.event) }
        return true
      }
    }
    let created = try #require(events.first as? LogEvent.SelectionCreated)
    #expect(created.id == record.id && created.name == "core" && created.snapshot == snapshot.id)
    #expect(created.count == 2 && created.digest == record.digest && created.method == "random")
    let dropped = try #require(events.last as? LogEvent.SelectionDropped)
    #expect(dropped.id == record.id && dropped.name == "core" && events.count == 2)
  }

  /// A transaction that fails leaves nothing of a selection.
  @Test func aSelectionIsThereWholeOrNotAtAll() throws {
    struct Stop: Error {}
    let folder = try TemporaryFolder()
    let store = try FormatStore(at: folder.file("s")).store
    let snapshot = try #require(try store.read { try $0.snapshots().first })
    #expect(throws: Stop.self) {
      try store.write { transaction in
        _ = try transaction.createSelection(Self.new("core", Array(0..<10_000)), of: snapshot)
        throw Stop()
      }
    }
    #expect(try store.read { try $0.selections() } == [])
    #expect(try store.verify().isSound)
    let record = try store.write { try $0.createSelection(Self.new("core", [1]), of: snapshot) }
    #expect(record.id == 0)
  }
}
