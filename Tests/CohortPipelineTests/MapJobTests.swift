import CohortActions
import CohortCore
import CohortPipeline
import CohortStore
import CohortTesting
import Testing

/// Maps of stores: how they follow a grouping, and that they are a function of the log.
@Suite struct MapJobTests {
  private static let dimension = 12

  private static func code(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? CohortError)?.code.name
    }
  }

  private static func vectors(_ count: Int, seed: UInt64) -> [[Float]] {
    var random = TestRandom(seed: seed)
    return VectorStore.clustered(count, around: 8, dimension: dimension, &random)
  }

  /// A store with a map of its first samples, and then the others in pieces.
  private static func grown(_ pieces: [Int], workers: Int) throws -> (VectorStore, MapReport) {
    let vectors = vectors(1_500, seed: 21)
    let fixture = try VectorStore(Array(vectors.prefix(300)))
    try fixture.group(groups: 8)
    let control = JobControl(workers: workers)
    _ = try MapJob.create(fixture.store, name: "overview", grouping: "topics", control: control)
    var start = 300
    for piece in pieces {
      try fixture.add(Array(vectors[start..<(start + piece)]))
      try Pending.group(fixture.store)
      _ = try MapJob.update(fixture.store, map: "overview", control: control)
      start += piece
    }
    return (fixture, try MapJob.update(fixture.store, map: "overview", control: control))
  }

  @Test func itDoesNotMatterInWhichPiecesSamplesArrive() throws {
    let (one, whole) = try Self.grown([1_200], workers: 1)
    let (_, parts) = try Self.grown([100, 5, 600, 495], workers: 3)
    #expect(whole.map.count > 300)
    #expect(whole.map.digest == parts.map.digest && whole.map.count == parts.map.count)
    // The samples that were there first are where they were.
    let points = try MapPoints(one.store, map: "overview")
    #expect(points.ids.count == Int(whole.map.count) && points.ids == points.ids.sorted())
    #expect(whole.waiting == 1_500 - whole.map.count)
    let all = try MapJob.update(one.store, map: "overview", isTailPlaced: true)
    #expect(all.map.count == 1_500 && all.waiting == 0)
    let later = try MapPoints(one.store, map: "overview")
    if all.events == 0 { #expect(Array(later.xs.prefix(points.xs.count)) == points.xs) }
    #expect(try one.store.verify().isSound)
    #expect(try MapReplay.run(one.store, map: "overview").difference == nil)
    #expect(try MapReplay.run(one.store, map: "overview").digest == all.map.digest)
  }

  @Test func aNewEditionIsReplayedToo() throws {
    let fixture = try VectorStore(Self.vectors(200, seed: 22))
    try fixture.group(groups: 4)
    let first = try MapJob.create(fixture.store, name: "overview", grouping: "topics")
    #expect(first.placed == 200 && first.map.edition == 1)
    _ = try fixture.store.write { try $0.delete([SampleID(3)], reason: "") }
    let points = try MapPoints(fixture.store, map: "overview")
    #expect(points.ids.count == 199 && !points.ids.contains(3))
    let second = try MapJob.refit(fixture.store, map: "overview")
    #expect(second.map.edition == 2 && second.map.count == 199)
    let replay = try MapReplay.run(fixture.store, map: "overview")
    #expect(replay.digest == second.map.digest && replay.difference == nil && replay.obstacle == nil)
    #expect(try fixture.store.verify().isSound)
  }

  /// A map that is damaged is told of, and all others go on.
  @Test func aMapInTroubleStopsNoOther() throws {
    let vectors = Self.vectors(1_500, seed: 24)
    let fixture = try VectorStore(Array(vectors.prefix(300)))
    try fixture.group(groups: 8)
    let good = try MapJob.create(fixture.store, name: "good", grouping: "topics").map
    // A place in a cell that there is not.
    let broken = NewMap(
      name: "broken", grouping: good.grouping, space: good.space, dimension: Int(good.dimension), rules: good.rules,
      through: good.through, places: [MapPlace(id: 1, x: 0, y: 0, cell: 9)],
      cells: [[Float](repeating: 0, count: Self.dimension)])
    let made = try fixture.store.write { try $0.createMap(broken) }
    let other = try MapJob.create(fixture.store, name: "other", grouping: "topics").map
    #expect(good.id < made.id && made.id < other.id)
    try fixture.add(Array(vectors[300...]))
    let report = try StoreUpdater(fixture.store).update(control: JobControl())
    #expect(report.troubles.map(\.part) == [UpdatePart(kind: .map, name: "broken")], "\(report.troubles)")
    #expect(report.troubles.first?.error.code.name == "store.corrupted")
    #expect(report.maps.map(\.map.name) == ["good", "other"])
    #expect(report.maps.allSatisfy { $0.placed > 0 }, "\(report.maps)")
  }

  @Test func whatCannotBeMappedIsSaid() throws {
    let fixture = try VectorStore(Self.vectors(40, seed: 23))
    try fixture.group(groups: 2)
    #expect(
      Self.code { _ = try MapJob.create(fixture.store, name: "m", grouping: "topcs") } == "store.unknown-grouping")
    let spelling = try #require(GroupingSpelling("task"))
    _ = try GroupingJob.create(fixture.store, name: "tasks", by: spelling, GroupingChoices()) { _ in nil }
    #expect(
      Self.code { _ = try MapJob.create(fixture.store, name: "m", grouping: "tasks") } == "pipeline.not-by-embedding")
    _ = try MapJob.create(fixture.store, name: "m", grouping: "topics")
    #expect(Self.code { _ = try MapJob.create(fixture.store, name: "m", grouping: "topics") } == "store.map-exists")
    #expect(Self.code { _ = try MapJob.update(fixture.store, map: "n") } == "store.unknown-map")
    let stopped = JobControl(shouldStop: { true })
    #expect(
      Self.code { _ = try MapJob.refit(fixture.store, map: "m", control: stopped) } == "pipeline.interrupted")
  }
}
