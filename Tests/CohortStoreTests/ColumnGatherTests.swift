import CohortCore
import CohortStore
import CohortTesting
import Testing

/// Rows by ids, in any order and also repeated, are those that are read one by one; each chunk is checked once.
@Suite struct ColumnGatherTests {
  private let folder: TemporaryFolder
  private let store: Store
  private static let samples: UInt64 = 9_000
  private static let deleted: [UInt64] = [0, 1, 4_095, 4_096, 4_400, 8_999]

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), mapSize: 256 << 20)
    var builder = SampleBatchBuilder()
    for number in 0..<Self.samples {
      builder.add(
        prompt: "p\(number)", response: String(repeating: "r", count: Int(number % 97)) + "\(number)",
        task: number % 2 == 0 ? "even" : nil)
    }
    let prepared = builder.prepared
    let space = try store.write { transaction in
      _ = try transaction.ingest(prepared, source: "a", origin: "")
      return try transaction.createSpace(name: "s", provider: "p", fingerprint: "f", dimension: 40, element: .float16)
    }
    try store.write { transaction in
      let rows = (0..<(500 * 40)).map { UInt16(truncatingIfNeeded: $0) & 0x3fff }
      _ = try rows.withUnsafeBytes {
        try transaction.embed(
          (4_000..<4_500).map { SampleID($0) }, rows: $0, without: [SampleID(4_600)], in: space)
      }
      let grouping = try transaction.createGrouping(name: "g", definition: GroupingDefinition(criterion: .task))
      try transaction.commit(
        RoundCommit(
          assignments: (0..<5_000 as Range<UInt64>).filter { $0 % 3 != 0 }.map {
            Assignment(id: SampleID($0), group: GroupID(UInt32($0 % 5)), distance: Float($0))
          },
          groups: (0..<5).map { GroupRecord(id: GroupID($0), geometry: .label("\($0)"), born: 0) }, engineState: [],
          applied: FeedPosition(sequence: transaction.counters.lastSequence.next, offset: 0), isProvisional: false,
          events: [], digest: 0), to: grouping)
      _ = try transaction.delete(Self.deleted.map { SampleID($0) }, reason: "")
    }
  }

  private func ids(_ count: Int, seed: UInt64, isAscending: Bool) -> [UInt64] {
    var random = TestRandom(seed: seed)
    var ids = (0..<count).map { _ in UInt64(random.below(Int(Self.samples))) } + Self.deleted + [4_600, 4_000, 4_000]
    ids.shuffle(using: &random)
    return isAscending ? ids.sorted() : ids
  }

  @Test(arguments: 0..<6 as Range<UInt64>)
  func rowsAreThoseReadAlone(seed: UInt64) throws {
    let ids = ids(seed == 0 ? 0 : 400, seed: seed, isAscending: seed % 2 == 0)
    try store.read { transaction in
      let space = try #require(try transaction.space(named: "s"))
      let grouping = try #require(try transaction.grouping(named: "g"))
      try ids.withUnsafeBufferPointer { ids in
        for column in [Column.task, .totalLength, grouping.groupColumn, grouping.distanceColumn] {
          var out = [UInt32](repeating: 77, count: ids.count)
          try out.withUnsafeMutableBufferPointer { try transaction.gather(column, ids, into: $0) }
          let expected = try ids.map { try transaction.uint32(column, SampleID($0)) }
          #expect(out == expected, "seed \(seed)")
        }
        var deleted: [Int] = []
        try transaction.forEachDeleted(ids) { deleted.append($0) }
        #expect(try Set(deleted) == Set(ids.indices.filter { try transaction.isDeleted(SampleID(ids[$0])) }))
        #expect(deleted.count == Set(deleted).count)
        var seen = 0
        try transaction.forEachVector(of: ids, in: space) { index, vector in
          let id = SampleID(ids[index])
          let isThere = try transaction.vectorState(id, in: space) == .present && !transaction.isDeleted(id)
          let expected = try transaction.withChunk(space.vectors, of: id.rawValue) { chunk in
            isThere ? chunk.map { [UInt8]($0.row(Int(id.rawValue - $0.firstRow))) } : nil
          }
          #expect(vector.map { [UInt8]($0) } == expected, "sample \(id), seed \(seed)")
          seen += 1
        }
        #expect(seen == ids.count)
      }
    }
  }

  @Test func eachChunkIsCheckedOnce() throws {
    let ids = (0..<Self.samples).map { ($0 &* 4_099) % Self.samples }
    try store.read { transaction in
      var out = [UInt32](repeating: 0, count: ids.count)
      try ids.withUnsafeBufferPointer { ids in
        try out.withUnsafeMutableBufferPointer { try transaction.gather(.totalLength, ids, into: $0) }
        #expect(transaction.verifications == 3)
        try transaction.forEachDeleted(ids) { _ in }
        #expect(transaction.verifications == 6)
      }
    }
  }

  @Test func idsThatTheStoreNeverHadAreRefused() throws {
    for strange in [Self.samples, .max, 1 << 44] {
      // Beside one of the same chunk, and alone.
      for ids in [[8_998, strange], [strange], [strange, 0]] {
        let error = try failure {
          try store.read { transaction in
            try ids.withUnsafeBufferPointer { try transaction.forEachRow(of: .task, $0) { _, _ in } }
          }
        }
        #expect(error.code.name == "store.unknown-sample" && error.category == .notFound, "\(ids)")
      }
    }
  }

  @Test func presenceIsToldOfAnyID() throws {
    let ids = [8_999, 8_998, Self.samples, .max, 0, 2, 2]
    var present = [Bool](repeating: false, count: ids.count)
    try store.read { transaction in
      try ids.withUnsafeBufferPointer { try transaction.forEachPresence($0) { present[$0] = $1 } }
    }
    #expect(present == [false, true, false, false, false, true, true])
  }

  @Test func samplesAreListedAFewAtATime() throws {
    let snapshot = try store.write {
      try $0.createSnapshot(name: "v", groupings: ["g"], only: SampleSet((0..<9_000).map { SampleID($0 / 2 * 2) }))
    }
    _ = try store.write { try $0.delete([SampleID(10)], reason: "") }
    let live = (0..<Self.samples).filter { !Self.deleted.contains($0) && $0 != 10 }
    try store.read { transaction in
      for (set, expected) in [
        (nil, live), (try transaction.samples(of: snapshot), live.filter { $0 % 2 == 0 }),
      ] as [(SampleSet?, [UInt64])] {
        for room in [0, 1, 1_000, 20_000] {
          var out = [UInt64](repeating: 0, count: room)
          var found: [UInt64] = []
          for _ in 0..<(room == 1 ? 5 : 100) {
            let from = found.last.map { $0 + 1 } ?? 0
            let count = try out.withUnsafeMutableBufferPointer {
              try transaction.liveSamples(from: from, of: set, into: $0)
            }
            if count == 0 { break }
            found += out[..<count]
          }
          #expect(found == (room == 0 ? [] : room == 1 ? Array(expected.prefix(5)) : expected))
        }
      }
    }
  }

  @Test func aPositionIsFoundWhereverTheSampleIs() throws {
    let snapshot = try store.write { try $0.createSnapshot(name: "v", groupings: ["g"]) }
    let grouping = snapshot.groupings[0].id
    try store.read { transaction in
      let groups = try transaction.groups(of: grouping, in: snapshot.id)
      let ranges = groups.map { $0.offset..<($0.offset + $0.size) }
      for position in stride(from: 0, to: snapshot.samples, by: 211) {
        let id = try transaction.ids(at: [position], of: grouping, in: snapshot)[0]
        for likely in [[], ranges, ranges.filter { !$0.contains(position) }] {
          #expect(try transaction.position(of: id, of: grouping, in: snapshot, likely: likely) == position)
        }
      }
      for id in Self.deleted {
        #expect(try transaction.position(of: SampleID(id), of: grouping, in: snapshot, likely: ranges) == nil)
      }
    }
  }
}
