import CohortCatalog
import CohortCore
import CohortStore
import CohortTables
import CohortTesting
import Foundation
import Testing

/// A damaged store is an error that says where, never a short answer.
@Suite struct TableDamageTests {
  /// Flips a byte in each of several values of the data file, one after the other, and asks for whole tables: the answer is the
  /// same as before or an error of the category corruption.
  @Test func aDamagedPlaceIsNamedAndNothingIsLeftOut() throws {
    let fixture = try TablesFixture(seed: 21, samples: 900)
    let tables = ["samples", "lengths", "assignments", "groups", "members", "embeddings"]
    var limits = QueryLimits(deadline: .seconds(60), rows: 1_000_000)
    limits.bytes = 1 << 30
    let sound = try tables.map {
      TableEqualityTests.text(try fixture.query("SELECT * FROM \($0)", limits: limits).rows)
    }
    let copy = fixture.folder.file("copy")
    try fixture.store.backup(to: copy)
    let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: copy + "/data.mdb")))
    var random = TestRandom(seed: 5)
    var found = 0
    for turn in 0..<40 {
      let folder = fixture.folder.file("damaged-\(turn)")
      try FileManager.default.copyItem(atPath: copy, toPath: folder)
      var bytes = original
      // Inside of pages, not at their heads: what LMDB itself stands on is for another test.
      let place = 8192 + random.below(bytes.count - 8192)
      guard place % 4096 > 600 else { continue }
      bytes[place] ^= UInt8(1 << random.below(8))
      try Data(bytes).write(to: URL(fileURLWithPath: folder + "/data.mdb"))
      let (store, catalog): (Store, Catalog)
      do {
        store = try Store.open(at: folder)
        catalog = try Catalog(of: store)
      } catch let error as CohortError {
        #expect(error.category == .corruption, "turn \(turn), byte \(place), opening: \(error)")
        continue
      }
      for (index, table) in tables.enumerated() {
        do {
          let session = TableSession(store, isForOneStatement: true)
          let rows = try catalog.reader().query("SELECT * FROM \(table)", limits: limits, tables: session).rows
          #expect(TableEqualityTests.text(rows) == sound[index], "turn \(turn), byte \(place), \(table)")
        } catch let error as CohortError {
          found += 1
          #expect(error.category == .corruption, "turn \(turn), byte \(place), \(table): \(error)")
          #expect(!error.message.contains("catalog"), "\(error)")
        }
      }
    }
    print("\(found) statements met the damage")
    #expect(found > 3)
  }

  /// The place is in the message, as the store says it.
  @Test func theMessageNamesTheChunk() throws {
    let fixture = try TablesFixture(seed: 22, samples: 500)
    let copy = fixture.folder.file("copy")
    try fixture.store.backup(to: copy)
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: copy + "/data.mdb")))
    // The task numbers of the first samples, as they lie in their chunk.
    let column = try fixture.store.read { transaction in
      try (0..<64).flatMap { id -> [UInt8] in
        let task = try transaction.uint32(.task, SampleID(UInt64(id))).littleEndian
        return withUnsafeBytes(of: task) { [UInt8]($0) }
      }
    }
    let place = try #require(bytes.firstRange(of: column)).lowerBound
    bytes[place] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: copy + "/data.mdb"))
    let store = try Store.open(at: copy)
    let catalog = try Catalog(of: fixture.store)
    let error = #expect(throws: CohortError.self) {
      try catalog.reader().query(
        "SELECT count(*) FROM samples WHERE task = 'task 1'", tables: TableSession(store, isForOneStatement: true))
    }
    #expect(error?.code.name == "store.corrupted" && error?.message.contains("column 2") == true, "\(error as Any)")
    // What does not read the column is answered.
    let count = try catalog.reader().query(
      "SELECT count(*) FROM samples", tables: TableSession(store, isForOneStatement: true))
    #expect(count.rows == [[.integer(500)]])
  }
}
