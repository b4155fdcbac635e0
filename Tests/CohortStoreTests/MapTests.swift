import CohortCore
import CohortStore
import CohortTesting
import Testing

/// Maps as the store keeps them.
@Suite struct MapTests {
  private static func places(_ count: Int, cells: Int, _ random: inout TestRandom) -> [MapPlace] {
    (0..<count).map {
      MapPlace(
        id: UInt64($0), x: Float(random.normal()) * 100, y: Float(random.normal()) * 100,
        cell: UInt32(random.below(cells)))
    }
  }

  private static func new(_ name: String, _ store: Store, _ places: [MapPlace], cells: [[Float]]) throws -> NewMap {
    let grouping = try #require(try store.read { try $0.groupings().first })
    let space = try #require(try store.read { try $0.spaces().first })
    return NewMap(
      name: name, grouping: grouping.id, space: space.id, dimension: 3, rules: 1,
      through: FeedPosition(sequence: LogSequence(7), offset: 2), places: places, cells: cells)
  }

  private static func code(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? CohortError)?.code.name
    }
  }

  /// A store with so many samples that pieces of places are more than one.
  private static func store(_ folder: borrowing TemporaryFolder, samples: Int) throws -> Store {
    let store = try FormatStore(at: folder.file("s")).store
    var batch = SampleBatchBuilder()
    for i in 0..<samples { batch.add(prompt: "more \(i)", response: "r", task: nil) }
    let prepared = batch.prepared
    _ = try store.write { try $0.ingest(prepared, source: "more", origin: "") }
    return store
  }

  @Test func aMapIsReadAsItWasWrittenAndGrowsWithoutMoving() throws {
    let seed: UInt64 = 402
    var random = TestRandom(seed: seed)
    let folder = try TemporaryFolder()
    let store = try Self.store(folder, samples: 9_000)
    #expect(try store.read { try $0.maps() } == [])
    var cells = random.rows(70, dimension: 3)
    let all = Self.places(9_000, cells: 80, &random)
    let first = Array(all.prefix(5_000)).map { MapPlace(id: $0.id, x: $0.x, y: $0.y, cell: $0.cell % 70) }
    let new = try Self.new("overview", store, first, cells: cells)
    let record = try store.write { try $0.createMap(new) }
    #expect(try store.read { try $0.places(of: record) } == first, "seed \(seed)")
    #expect(try store.read { try $0.cells(of: record) } == cells)
    #expect(try store.read { try $0.existingMap("overview") } == record)
    #expect(try store.verify().isSound)
    cells += random.rows(10, dimension: 3)
    let places = first + all.suffix(4_000)
    let change = MapChange(
      kind: .placed, rules: 1, through: FeedPosition(sequence: LogSequence(9), offset: 0), places: places,
      cells: cells, settled: 5_000, drifted: 12)
    let grown = try store.write { try $0.changeMap(record, to: change) }
    #expect(try store.read { try $0.places(of: grown) } == places, "seed \(seed)")
    #expect(try store.read { try $0.cells(of: grown) } == cells)
    #expect(grown.drifted == 12 && grown.edition == 1 && grown.through == change.through)
    #expect(try store.verify().isSound)
    // Whoever read it before comes too late.
    #expect(Self.code { _ = try store.write { try $0.changeMap(record, to: change) } } == "store.map-moved")
    // A smaller layout leaves nothing of the larger one.
    var smaller = MapChange(
      kind: .laidOut, rules: 1, through: change.through, places: Array(first.prefix(10)),
      cells: Array(cells.prefix(70)), settled: 10, drifted: 0)
    smaller.turn = [1, 0, 0, 1, 0, 0]
    let refitted = try store.write { [smaller] in try $0.changeMap(grown, to: smaller) }
    #expect(refitted.edition == 2)
    #expect(try store.read { try $0.places(of: refitted) } == smaller.places)
    #expect(try store.verify().isSound)
    try store.write { try $0.dropMap(named: "overview") }
    #expect(Self.code { _ = try store.read { try $0.places(of: refitted) } } == "store.dropped")
    #expect(try store.verify().isSound)
  }

  @Test func namesAreUniqueAndWhatAMapFollowsStays() throws {
    var random = TestRandom(seed: 403)
    let folder = try TemporaryFolder()
    let store = try FormatStore(at: folder.file("s")).store
    let places = Self.places(2, cells: 1, &random)
    let new = try Self.new("overview", store, places, cells: random.rows(1, dimension: 3))
    let first = try store.write { try $0.createMap(new) }
    #expect(Self.code { _ = try store.write { try $0.createMap(new) } } == "store.map-exists")
    #expect(Self.code { try store.write { try $0.dropMap(named: "overvew") } } == "store.unknown-map")
    let grouping = try #require(try store.read { try $0.groupings().first })
    for product in try store.read({ try $0.groupings() }) where product.definition.factors.contains(grouping.name) {
      try store.write { try $0.dropGrouping(named: product.name) }
    }
    #expect(Self.code { try store.write { try $0.dropGrouping(named: grouping.name) } } == "store.grouping-in-use")
    try store.write { try $0.dropMap(named: "overview") }
    let second = try store.write { try $0.createMap(new) }
    #expect(second.id == first.id + 1)
    #expect(try store.verify().isSound)
  }

  @Test func theLogTellsOfMaps() throws {
    var random = TestRandom(seed: 404)
    let folder = try TemporaryFolder()
    let store = try FormatStore(at: folder.file("s")).store
    let before = try store.read { try $0.counters.lastSequence }
    let places = Self.places(2, cells: 1, &random)
    let new = try Self.new("overview", store, places, cells: random.rows(1, dimension: 3))
    let record = try store.write { try $0.createMap(new) }
    let moved = places.map { MapPlace(id: $0.id, x: $0.x + 1, y: $0.y, cell: 0) }
    let change = MapChange(
      kind: .settled, rules: 1, through: record.through, places: moved, cells: new.cells, settled: 2, drifted: 0)
    let next = try store.write { try $0.changeMap(record, to: change) }
    try store.write { try $0.dropMap(named: "overview") }
    var events: [any LogPayload] = []
    try store.read { transaction in
      try transaction.forEachEntry { entry in
        if entry.sequence > before { events.append(entry.event) }
        return true
      }
    }
    #expect(events.count == 3)
    let created = try #require(events[0] as? LogEvent.MapCreated)
    #expect(created.digest == record.digest && created.count == 2 && created.through == record.through)
    let changed = try #require(events[1] as? LogEvent.MapChanged)
    #expect(changed.former == record.digest && changed.digest == next.digest && changed.change == .settled)
    #expect((events[2] as? LogEvent.MapDropped)?.name == "overview")
  }
}
