import CohortCore
import CohortStore
import CohortTesting
import Testing

/// Scans agree with reading each row alone: deleted samples, rows never written, vectors, ranges.
@Suite struct ColumnScanTests {
  private let folder: TemporaryFolder
  private let store: Store
  private static let samples: UInt64 = 9_000

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), mapSize: 256 << 20)
    var builder = SampleBatchBuilder()
    for number in 0..<Self.samples {
      builder.add(prompt: "p\(number)", response: String(repeating: "r", count: Int(number % 97)) + "\(number)")
    }
    let space = try store.write { transaction in
      _ = try transaction.ingest(builder.prepared, source: "a", origin: "")
      return try transaction.createSpace(
        name: "s", provider: "p", fingerprint: "f", dimension: 40, element: .float16)
    }
    try store.write { transaction in
      let rows = (0..<(500 * 40)).map { UInt16(truncatingIfNeeded: $0) & 0x3fff }
      _ = try rows.withUnsafeBytes {
        try transaction.embed((4_000..<4_500).map { SampleID($0) }, rows: $0, without: [], in: space)
      }
      let grouping = try transaction.createGrouping(name: "g", definition: GroupingDefinition(criterion: .task))
      let end = FeedPosition(sequence: transaction.counters.lastSequence.next, offset: 0)
      // The last chunk of the grouping's columns is not written.
      try transaction.commit(
        RoundCommit(
          assignments: (0..<5_000 as Range<UInt64>).filter { $0 % 3 != 0 }.map {
            Assignment(id: SampleID($0), group: GroupID(UInt32($0 % 5)), distance: Float($0))
          },
          groups: (0..<5).map { GroupRecord(id: GroupID($0), geometry: .label("\($0)"), born: 0) }, engineState: [],
          applied: end, isProvisional: false, events: [], digest: 0), to: grouping)
      _ = try transaction.delete([0, 1, 4_095, 4_096, 4_400, 8_999].map { SampleID($0) }, reason: "")
    }
  }

  @Test(
    arguments: [nil, 0..<9_000, 17..<18, 4_095..<4_097, 4_300..<20_000, 8_999..<9_000, 9_000..<9_001, 5..<5]
      as [Range<UInt64>?])
  func everyRowIsReadOnce(rows: Range<UInt64>?) throws {
    try store.read { transaction in
      let space = try #require(try transaction.space(named: "s"))
      let grouping = try #require(try transaction.grouping(named: "g"))
      var next = rows?.lowerBound ?? 0
      var vectors = 0
      try transaction.forEachBlock(
        of: [Column.responseLength, space.vectors, grouping.groupColumn, space.states, grouping.distanceColumn],
        in: rows
      ) { block in
        #expect(block.first == next && block.count > 0)
        next += UInt64(block.count)
        for row in 0..<block.count {
          let id = block.id(row)
          let isDeleted = try transaction.isDeleted(id)
          let state = try transaction.vectorState(id, in: space)
          #expect(block.isDeleted(row) == isDeleted)
          #expect(try block.uint32(0, row) == transaction.uint32(Column.responseLength, id))
          #expect(try block.uint32(2, row) == transaction.uint32(grouping.groupColumn, id))
          #expect(block.uint8(3, row) == state.rawValue)
          #expect(try block.float32(4, row).bitPattern == transaction.uint32(grouping.distanceColumn, id))
          let vector = try transaction.withChunk(space.vectors, of: id.rawValue) { chunk -> [UInt8]? in
            guard let chunk, Int(id.rawValue - chunk.firstRow) < chunk.count else { return nil }
            return [UInt8](chunk.row(Int(id.rawValue - chunk.firstRow)))
          }
          #expect([UInt8](block.bytes(1, row)) == vector ?? [UInt8](repeating: 0, count: 80))
          vectors += state == .present ? 1 : 0
        }
        return true
      }
      #expect(next == max(min(rows?.upperBound ?? .max, Self.samples), rows?.lowerBound ?? 0))
      if rows == nil { #expect(vectors == 500) }
    }
  }

  @Test func aScanEndsWhenNothingMoreIsWanted() throws {
    try store.read { transaction in
      var blocks = 0
      var live = 0
      try transaction.forEachBlock(of: []) { block in
        blocks += 1
        for row in 0..<block.count where !block.isDeleted(row) { live += 1 }
        return true
      }
      #expect(blocks == 3 && UInt64(live) == Self.samples - 6)
      blocks = 0
      try transaction.forEachBlock(of: [], areDeletedMarked: false) { block in
        blocks += 1
        #expect(!block.isDeleted(0))
        return false
      }
      #expect(blocks == 1)
    }
  }

  @Test func everyChunkIsCheckedOnceInATransaction() throws {
    let (space, grouping) = try store.read { transaction in
      (try #require(try transaction.space(named: "s")), try #require(try transaction.grouping(named: "g")))
    }
    let snapshot = try store.write { try $0.createSnapshot(name: "v", groupings: ["g"]) }
    for _ in 0..<2 {
      try store.read { transaction in
        #expect(transaction.verifications == 0)
        for id in 0..<Self.samples { _ = try transaction.uint32(Column.totalLength, SampleID(id)) }
        #expect(transaction.verifications == 3)
        for id in 0..<Self.samples { _ = try transaction.isDeleted(SampleID(id)) }
        try transaction.forEachBlock(of: [Column.totalLength]) { _ in true }
        #expect(transaction.verifications == 6)
        for id in (4_000..<4_500 as Range<UInt64>).reversed() {
          try transaction.withChunk(space.vectors, of: id) { _ in }
        }
        let chunks = 4_499 / UInt64(space.vectors.rowsPerChunk) - 4_000 / UInt64(space.vectors.rowsPerChunk) + 1
        #expect(transaction.verifications == 6 + chunks)
        for position in stride(from: 0, to: snapshot.samples, by: 7) {
          _ = try transaction.ids(at: [position, (position &* 31) % snapshot.samples], of: grouping.id, in: snapshot)
        }
        #expect(transaction.verifications == 6 + chunks + 3)
      }
    }
  }

  /// Chunks that a caller keeps between transactions are not checked again; those of one transaction are.
  @Test func soundChunksLastFromTransactionToTransaction() throws {
    let sound = SoundChunks()
    for expected: UInt64 in [3, 0, 0] {
      try store.read { transaction in
        for row in [0, 4_096, 8_192, 1] as [UInt64] {
          try transaction.withChunk(Column.totalLength, of: row, sound: sound) { _ in }
        }
        #expect(transaction.verifications == expected)
      }
    }
  }

  /// What a transaction has written is checked when it is read, although it was found right before.
  @Test func aTransactionChecksWhatItChanged() throws {
    try store.write { transaction in
      _ = try transaction.reading.isDeleted(SampleID(7))
      let before = transaction.reading.verifications
      _ = try transaction.reading.isDeleted(SampleID(8))
      #expect(transaction.reading.verifications == before)
      _ = try transaction.delete([SampleID(7)], reason: "")
      _ = try transaction.createSnapshot(name: "w", groupings: [])
      #expect(try transaction.reading.isDeleted(SampleID(7)))
      #expect(transaction.reading.verifications == before + 1)
    }
  }
}
