import CohortCore
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Random histories on a real store and on a model of it: after every few steps both hold the same. `COHORT_SEED` replays a
/// failure, `COHORT_TORTURE` makes it a long run.
@Suite struct PropertyTests {
  private static let seeds: [UInt64] =
    Torture.givenSeed.map { [$0] }
    ?? (Torture.cases(Array(1...4), tortured: Array(1...2_000)))

  @Test(arguments: seeds) func aRandomHistoryGivesWhatTheModelSays(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    var history = try History(seed: seed, path: folder.file("s"))
    for step in 0..<40 {
      try history.step()
      if step % 5 == 4 { try history.check("seed \(seed), step \(step)") }
    }
    let report = try history.store.verify()
    #expect(report.isSound, "seed \(seed): \(report.problems.prefix(5))")
    try history.reopen()
    try history.check("seed \(seed), opened again")
  }

  /// Whatever the limits, a feed gives the same records.
  @Test(arguments: seeds) func aFeedDoesNotDependOnItsLimits(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    var history = try History(seed: seed &+ 1_000_000, path: folder.file("s"))
    for _ in 0..<40 { try history.step() }
    var generator = SplitMix64(seed: seed)
    let feeds: [(Feed, [FeedRecord])] = [
      (.inserted, history.model.inserted), (.embedded(SpaceID(0)), history.model.embedded),
    ]
    for (feed, expected) in feeds {
      for largest in [1, 2, 7, 100, 1_000_000] {
        var records: [FeedRecord] = []
        var position = FeedPosition.start
        while true {
          let limit = 1 + Int(generator.next() % UInt64(largest))
          let part = try history.store.read { try $0.changes(feed, from: position, limit: limit) }
          let (more, next) = (part.records, part.next)
          #expect(more.count <= limit && next >= position, "seed \(seed)")
          records += more
          guard next > position else { break }
          position = next
        }
        #expect(records == expected, "seed \(seed), feed \(feed), limits to \(largest)")
      }
    }
  }

  /// A part that is cut short is what a smaller limit gives, and its rest follows.
  @Test(arguments: seeds) func partsOfAFeedCanBeCut(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    var history = try History(seed: seed &+ 3_000_000, path: folder.file("s"))
    for _ in 0..<40 { try history.step() }
    var generator = SplitMix64(seed: seed)
    for feed in [Feed.inserted, .embedded(SpaceID(0))] {
      var position = FeedPosition.start
      while true {
        let limit = 1 + Int(generator.next() % 60)
        let part = try history.store.read { try $0.changes(feed, from: position, limit: limit) }
        guard part.next > position else { break }
        for count in 1...max(part.records.count, 1) where count <= part.records.count {
          let smaller = try history.store.read { try $0.changes(feed, from: position, limit: count) }
          let cut = part.prefix(count)
          #expect(cut.records == smaller.records, "seed \(seed), \(count) of \(limit) from \(position)")
          // The whole may have passed entries behind its last record that hold none.
          if count < part.records.count { #expect(cut.next == smaller.next, "seed \(seed), \(count) from \(position)") }
          #expect(Array(part.suffix(after: smaller.next)) == Array(part.records.dropFirst(count)), "seed \(seed)")
        }
        position = part.prefix(1 + Int(generator.next() % UInt64(max(part.records.count, 1)))).next
      }
    }
  }
}

/// A store, its model, and a stream of random operations on both.
private struct History {
  private(set) var store: Store
  private(set) var model = StoreModel()
  private let path: String
  private var generator: SplitMix64
  private let space: EmbeddingSpace

  init(seed: UInt64, path: String) throws {
    self.path = path
    generator = SplitMix64(seed: seed)
    store = try Store.create(at: path, owner: "test", mapSize: 1 << 20, clock: { 0 })
    space = try store.write {
      _ = try $0.createGrouping(name: "g", definition: GroupingDefinition(criterion: .task))
      return try $0.createSpace(name: "e", provider: "npy", fingerprint: "f", dimension: 3, element: .float32)
    }
  }

  mutating func reopen() throws {
    let path = path
    // The owner's lock goes with the store.
    store = try Store.create(at: path + "-other", clock: { 0 })
    store = try Store.open(at: path, access: .owner(name: "again"), clock: { 0 })
  }

  private mutating func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }

  mutating func step() throws {
    switch below(10) {
    case 0..<4: try ingest()
    case 4: try delete()
    case 5: try embed()
    case 6, 7: try round()
    case 8: try snapshot()
    default: try failedWrite()
    }
  }

  private mutating func ingest() throws {
    var builder = SampleBatchBuilder()
    for _ in 0..<below(300) {
      // Few different texts, so that duplicates are frequent; some are long.
      let number = below(400)
      let response = String(repeating: "word\(number) ", count: number % 50 == 0 ? 800 : 1 + number % 7)
      switch below(20) {
      case 0: builder.reject("{\(number)")
      default:
        builder.add(
          prompt: "Question \(number)", response: response, task: number % 3 == 0 ? nil : "task \(number % 5)",
          attributes: number % 4 == 0 ? "{\"n\":\(number)}" : "")
      }
    }
    let source = "source \(below(3))"
    let scope: DedupeScope = [.source, .source, .store, .none][below(4)]
    let expected = model.ingest(builder.batch, source: source, scope: scope)
    let prepared = builder.prepared
    let outcome = try store.write { try $0.ingest(prepared, source: source, origin: "o", dedupe: scope) }
    #expect(outcome.samples.map { $0?.rawValue } == expected.map(\.0))
    #expect(outcome.isNew == expected.map(\.1))
    #expect(outcome.inserted == UInt64(expected.count { $0.1 }))
  }

  private mutating func delete() throws {
    let ids = (0..<below(30)).map { _ in UInt64(below(model.samples.count + 5)) }
    let expected = model.delete(ids)
    let done = try store.write { try $0.delete(ids.map { SampleID($0) }, reason: "test") }
    #expect(done.map(\.rawValue) == expected)
  }

  private mutating func embed() throws {
    let ids = (0..<below(200)).map { _ in UInt64(below(model.samples.count + 5)) }
    let rows = ids.map { [Float($0), 1, Float(below(9))] }
    let expected = model.embed(ids, rows)
    let flat = rows.flatMap { $0 }
    let count = try store.write { transaction in
      try flat.withUnsafeBytes { try transaction.embed(ids.map { SampleID($0) }, rows: $0, in: space) }
    }
    #expect(count.stored == expected)
  }

  private mutating func round() throws {
    guard !model.samples.isEmpty else { return }
    let ids = Set((0..<below(300)).map { _ in below(model.samples.count) }).sorted()
    let assignments = ids.map {
      Assignment(id: SampleID(UInt64($0)), group: GroupID(UInt32(below(6))), distance: Float(below(10)))
    }
    for assignment in assignments { model.samples[Int(assignment.id.rawValue)].group = assignment.group.rawValue }
    let groups = (0..<6).map { GroupRecord(id: GroupID(UInt32($0)), geometry: .label("g\($0)"), born: 0) }
    let isProvisional = below(3) == 0
    try store.write { transaction in
      let grouping = try #require(try transaction.reading.grouping(named: "g"))
      try transaction.commit(
        RoundCommit(
          assignments: assignments, groups: groups, engineState: [1], applied: grouping.applied,
          isProvisional: isProvisional, events: [], digest: 0), to: grouping)
    }
  }

  private mutating func snapshot() throws {
    let name = "s\(model.snapshots.count)"
    model.snapshot(name)
    _ = try store.write { try $0.createSnapshot(name: name, groupings: ["g"]) }
  }

  private struct Undo: Error {}

  /// A write that fails at its end leaves nothing.
  private mutating func failedWrite() throws {
    var builder = SampleBatchBuilder()
    builder.add(prompt: "never", response: "stored \(below(1000))", task: "gone")
    let prepared = builder.prepared
    #expect(throws: Undo.self) {
      try store.write { transaction in
        _ = try transaction.ingest(prepared, source: "gone", origin: "")
        _ = try transaction.delete([SampleID(0)], reason: "")
        _ = try transaction.createSnapshot(name: "gone", groupings: ["g"])
        throw Undo()
      }
    }
  }

  func check(_ place: String) throws {
    try store.read { transaction in
      let counters = try transaction.counters
      #expect(counters.nextSample == UInt64(model.samples.count), "\(place)")
      #expect(counters.live == UInt64(model.live.count), "\(place)")
      #expect(counters.quarantined == UInt64(model.quarantined.count), "\(place)")
      #expect(try transaction.sources().map(\.name) == model.sources, "\(place)")
      let space = try #require(try transaction.space(named: "e"))
      let grouping = try #require(try transaction.grouping(named: "g"))
      var sizes: [UInt32: UInt64] = [:]
      for (index, sample) in model.samples.enumerated() {
        let id = SampleID(UInt64(index))
        let isSame = try transaction.withSample(id) { view in
          guard let view else { return sample.isDeleted }
          return !sample.isDeleted && view.content.elementsEqual(sample.content)
            && view.attributes.elementsEqual(sample.attributes) && view.line == sample.line
            && view.source.rawValue == UInt32(sample.source)
        }
        #expect(isSame, "\(place), sample \(id)")
        #expect(try transaction.isDeleted(id) == sample.isDeleted, "\(place), sample \(id)")
        #expect(try transaction.lengths(id).total == sample.total, "\(place), sample \(id)")
        let state = try transaction.vectorState(id, in: space)
        #expect((state == .present) == (sample.vector != nil), "\(place), sample \(id)")
        let group = try transaction.uint32(grouping.groupColumn, id)
        #expect(group == sample.group ?? .max, "\(place), sample \(id)")
        if let group = sample.group, !sample.isDeleted { sizes[group, default: 0] += 1 }
      }
      for (index, sample) in model.samples.enumerated() where index % 7 == 0 {
        guard let vector = sample.vector else { continue }
        let stored = try transaction.withChunk(space.vectors, of: UInt64(index)) { chunk in
          chunk.map { Array($0.row(index % space.vectors.rowsPerChunk)) }
        }
        #expect(stored == vector.withUnsafeBytes { Array($0) }, "\(place), sample \(index)")
      }
      for group in try transaction.groups(of: grouping.id) {
        #expect(group.size == sizes[group.id.rawValue] ?? 0, "\(place), group \(group.id)")
      }
      for (number, record) in model.quarantined.enumerated() {
        #expect(try transaction.quarantined(UInt64(number))?.raw == record.raw, "\(place)")
      }
      for expected in model.snapshots {
        let snapshot = try #require(try transaction.snapshot(named: expected.name))
        var ids: [UInt64] = []
        try transaction.forEachPiece(of: grouping.id, in: snapshot) {
          ids += $0.map(\.rawValue)
          return true
        }
        #expect(ids == expected.ids, "\(place), snapshot \(expected.name)")
        let groups = try transaction.groups(of: grouping.id, in: snapshot.id)
        #expect(groups.map(\.size) == expected.sizes.map(\.size), "\(place), snapshot \(expected.name)")
        #expect(groups.map(\.id.rawValue) == expected.sizes.map(\.group), "\(place), snapshot \(expected.name)")
      }
    }
  }
}
