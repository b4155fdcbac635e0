import CohortCore
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Damage is found by whoever reads first in a transaction, and in each transaction anew.
@Suite struct DamagedChunkTests {
  private let folder: TemporaryFolder
  private let made: FormatStore

  init() throws {
    folder = try TemporaryFolder()
    made = try FormatStore(at: folder.file("s"))
  }

  /// Flips a bit of the last byte of a value, wherever the file has it.
  private func flip(_ value: [UInt8]) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: made.path + "/data.mdb"))
    defer { try? file.close() }
    let data = try #require(try file.readToEnd())
    var from = data.startIndex
    var places = 0
    while let range = data.range(of: Data(value.dropLast()), in: from..<data.endIndex) {
      try file.seek(toOffset: UInt64(range.upperBound))
      try file.write(contentsOf: Data([data[range.upperBound] ^ 1]))
      from = range.upperBound
      places += 1
    }
    #expect(places > 0)
  }

  private func value(_ table: String, _ key: [UInt8]) throws -> [UInt8] {
    try #require(try RawTables(at: made.path).values(table).first { $0.key == key }?.value)
  }

  @Test func aChunkIsCheckedInEachTransaction() throws {
    let chunk = try value(
      "columns", withUnsafeBytes(of: (UInt64(Column.totalLength.number) << 32).bigEndian) { Array($0) })
    let read: () throws -> UInt32 = { try made.store.read { try $0.uint32(Column.totalLength, SampleID(4)) } }
    let length = try read()
    try flip(chunk)
    for _ in 0..<2 {
      #expect { try read() } throws: { ($0 as? CohortError)?.code == .storeCorrupted }
      #expect {
        try made.store.read { try $0.forEachBlock(of: [Column.totalLength]) { _ in true } }
      } throws: { ($0 as? CohortError)?.code == .storeCorrupted }
    }
    // Not only the first look of a transaction fails.
    try made.store.read { transaction in
      for _ in 0..<2 {
        #expect { try transaction.uint32(Column.totalLength, SampleID(0)) } throws: {
          ($0 as? CohortError)?.code == .storeCorrupted
        }
      }
    }
    // Mended, and right again.
    var damaged = chunk
    damaged[damaged.count - 1] ^= 1
    try flip(damaged)
    #expect(try read() == length)
  }

  @Test func aPieceIsCheckedInEachTransaction() throws {
    let snapshot = try made.store.read { try #require(try $0.snapshot(named: "v1")) }
    let grouping = snapshot.groupings[0].id
    let key = withUnsafeBytes(of: (snapshot.id.bigEndian, grouping.rawValue.bigEndian, UInt32(0))) { Array($0) }
    let read: () throws -> [SampleID] = { try made.store.read { try $0.ids(at: [0, 1], of: grouping, in: snapshot) } }
    #expect(try read().count == 2)
    try flip(try value("membership", key))
    for _ in 0..<2 {
      #expect { try read() } throws: { ($0 as? CohortError)?.code == .storeCorrupted }
    }
  }

  /// Entries of other kinds are passed over, but not unseen.
  @Test func filteredReadsOfTheLogFindDamageInAllEntries() throws {
    let (all, deletions, rounds) = try made.store.read { transaction in
      var all: [LogEntry] = []
      try transaction.forEachEntry {
        all.append($0)
        return true
      }
      var deletions: [LogSequence] = []
      let end = try transaction.forEachEntry(of: [LogEvent.Delete.kind, LogEvent.Embed.kind]) {
        deletions.append($0.sequence)
        return true
      }
      #expect(try end == transaction.counters.lastSequence.next)
      var rounds: [LogSequence] = []
      let next = try transaction.forEachRound(of: GroupingID(1), from: LogSequence(2)) { entry, round in
        #expect(round.grouping == GroupingID(1))
        rounds.append(entry.sequence)
        return false
      }
      #expect(next == rounds.last?.next)
      return (all, deletions, rounds)
    }
    #expect(
      deletions == all.filter { [LogEvent.Delete.kind, LogEvent.Embed.kind].contains($0.event.kind) }.map(\.sequence)
        && deletions.count == 2)
    #expect(rounds.count == 1)
    try flip(try value("log", withUnsafeBytes(of: UInt64(2).bigEndian) { Array($0) }))
    #expect {
      try made.store.read { _ = try $0.forEachEntry(of: [LogEvent.Delete.kind]) { _ in true } }
    } throws: { ($0 as? CohortError)?.code == .storeCorrupted }
  }
}
