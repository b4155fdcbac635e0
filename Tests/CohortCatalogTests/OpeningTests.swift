import CohortCatalog
import CohortCore
import CohortStore
import CohortTesting
import Foundation
import GRDB
import Synchronization
import Testing

@Suite struct OpeningTests {
  private let folder: TemporaryFolder
  private var path: String { folder.file("s") }
  private var file: String { path + "/" + Catalog.fileName }

  init() throws { folder = try TemporaryFolder() }

  /// A store with some history and its catalog on disk, both closed.
  private func make(seed: UInt64 = 5, steps: Int = 40) throws -> (digest: Digest128, last: LogSequence) {
    var history = try StoreHistory(at: path, seed: seed)
    try history.steps(steps)
    let catalog = try Catalog(of: history.store)
    return (try catalog.contentDigest(), catalog.opening.applied)
  }

  private func openAsOwner(at other: String? = nil) throws -> Store {
    try Store.open(at: other ?? path, access: .owner(name: "test"))
  }

  private func edit(_ sql: String) throws {
    try DatabaseQueue(path: file).write { try $0.execute(sql: sql) }
  }

  @Test func aCurrentCatalogIsLeftAlone() throws {
    let made = try make()
    let catalog = try Catalog(of: try openAsOwner())
    #expect(catalog.opening.rebuilt == nil && catalog.opening.entries == 0 && !catalog.opening.isPrivate)
    #expect(catalog.opening.applied == made.last)
    #expect(try catalog.contentDigest() == made.digest)
  }

  /// Each way in which a catalog may not fit is seen, said, and mended.
  @Test(arguments: [
    ("UPDATE catalog_state SET applied_sequence = 1000000", CatalogRefresh.Reason.damaged),
    ("UPDATE catalog_state SET applied_sequence = applied_sequence - 1", .damaged),
    (
      """
      CREATE TEMP TABLE more AS SELECT * FROM log ORDER BY sequence DESC LIMIT 1;
      UPDATE more SET sequence = sequence + 1; INSERT INTO log SELECT * FROM more;
      UPDATE catalog_state SET applied_sequence = applied_sequence + 1
      """, .ahead
    ),
    (
      """
      DELETE FROM log WHERE sequence = (SELECT max(sequence) FROM log);
      UPDATE catalog_state SET applied_sequence = applied_sequence - 1
      """, .otherHistory
    ),
    ("UPDATE catalog_state SET applied_mark = ''", .otherHistory),
    ("UPDATE catalog_state SET store_id = 'x'", .otherStore),
    ("DROP TABLE sources", .otherSchema), ("CREATE TABLE other (a)", .otherSchema),
    ("ALTER TABLE log ADD COLUMN more TEXT", .otherSchema), ("DROP INDEX rounds_by_grouping", .otherSchema),
    ("INSERT INTO grdb_migrations VALUES ('2: of a newer release')", .otherSchema),
    ("UPDATE grdb_migrations SET identifier = '2: projection of the log'", .otherSchema),
    ("DELETE FROM grdb_migrations", .otherSchema), ("DROP TABLE grdb_migrations", .otherSchema),
  ]) func aMisfitIsMadeAnew(edit: String, reason: CatalogRefresh.Reason) throws {
    let made = try make()
    try self.edit(edit)
    // A reader first: it must not touch the file.
    let before = try Data(contentsOf: URL(fileURLWithPath: file))
    let reader = try Catalog(of: try Store.open(at: path))
    #expect(reader.opening.rebuilt == reason && reader.opening.isPrivate)
    #expect(try reader.contentDigest() == made.digest)
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    let catalog = try Catalog(of: try openAsOwner())
    #expect(catalog.opening.rebuilt == reason && !catalog.opening.isPrivate)
    #expect(try catalog.contentDigest() == made.digest)
    #expect(try Catalog(of: try Store.open(at: path)).opening.rebuilt == nil)
  }

  /// Random damage to the file: the catalog is mended or shows what it showed; nothing traps, no error reaches the user.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64]) func aDamagedFileIsMadeAnew(seed: UInt64) throws {
    let made = try make()
    var random = SplitMix64(seed: seed)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    switch seed % 4 {
    case 0: bytes = Data((0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) })
    case 1: bytes = bytes.prefix(Int.random(in: 0..<bytes.count, using: &random))
    case 2:
      let page = Int.random(in: 0..<(bytes.count / 4096), using: &random) * 4096
      for i in page..<(page + 4096) { bytes[i] = UInt8.random(in: 0...255, using: &random) }
    default: for i in 16..<100 { bytes[i] = UInt8.random(in: 0...255, using: &random) }
    }
    try bytes.write(to: URL(fileURLWithPath: file))
    let reader = try Catalog(of: try Store.open(at: path))
    #expect(try reader.contentDigest() == made.digest, "seed \(seed): reader, \(reader.opening)")
    let catalog = try Catalog(of: try openAsOwner())
    #expect(try catalog.contentDigest() == made.digest, "seed \(seed): \(catalog.opening)")
    #expect(try catalog.verify() == [], "seed \(seed)")
  }

  @Test func damageWhileOpenIsMendedByCatchingUp() throws {
    var history = try StoreHistory(at: path, seed: 9)
    try history.steps(30)
    let catalog = try Catalog(of: history.store)
    try edit("DROP TABLE log")
    try history.steps(10)
    #expect(try catalog.catchUp(from: history.store).rebuilt == .otherSchema)
    let digest = try catalog.contentDigest()
    try catalog.rebuild(from: history.store)
    #expect(try catalog.contentDigest() == digest)
  }

  /// A process that does not own the store sees everything, whether or not the owner keeps the file up to date.
  @Test func aReaderIsCurrent() throws {
    var history = try StoreHistory(at: path, seed: 11)
    try history.steps(20)
    let readerStore = try Store.open(at: path)
    let early = try Catalog(of: readerStore)
    #expect(early.opening.isPrivate && early.opening.rebuilt == .missing)
    #expect(!FileManager.default.fileExists(atPath: file))
    let owner = try Catalog(of: history.store)
    let current = try Catalog(of: readerStore)
    #expect(!current.opening.isPrivate && current.opening.entries == 0)
    try history.steps(20)
    let last = try history.store.read { try $0.counters.lastSequence }
    for reader in [early, current, try Catalog(of: readerStore)] {
      let refresh = try reader.catchUp(from: readerStore)
      #expect(refresh.applied == last && refresh.isPrivate && refresh.rebuilt == nil)
      let rows = try reader.query("SELECT max(sequence), count(*) FROM log").rows
      #expect(rows == [[.integer(Int64(last.rawValue)), .integer(Int64(last.rawValue))]])
    }
    #expect(try owner.query("SELECT max(sequence) FROM log").rows != [[.integer(Int64(last.rawValue))]])
    #expect(try owner.catchUp(from: history.store).applied == last)
    #expect(try owner.contentDigest() == current.contentDigest())
    let error = #expect(throws: CohortError.self) { try current.rebuild(from: readerStore) }
    #expect(error?.code.name == "catalog.read-only")
    // The owner makes the file anew: a reader that had it open goes on.
    let published = try Catalog(of: readerStore)
    try owner.rebuild(from: history.store)
    #expect(try published.query("SELECT count(*) FROM log").rows == [[.integer(Int64(last.rawValue))]])
    try FileManager.default.removeItem(atPath: file)
    #expect(try published.query("SELECT count(*) FROM log").rows == [[.integer(Int64(last.rawValue))]])
  }

  /// Questions come on any thread of the process that owns the store, while one of them keeps the file and makes it anew.
  @Test func questionsBesideWhoKeepsTheFileAreAnswered() throws {
    var history = try StoreHistory(at: path, seed: 5)
    try history.steps(20)
    let store = history.store
    _ = try Catalog(reading: store)
    #expect(!FileManager.default.fileExists(atPath: file), "whoever asks leaves the file to who keeps it")
    let keeper = try Catalog(of: store)
    let problems = Mutex<[String]>([])
    let isOver = Mutex(false)
    let threads = TestThreads(4) { _ in
      while !isOver.withLock({ $0 }) {
        do {
          let catalog = try Catalog(reading: store)
          try catalog.catchUp(from: store)
          _ = try catalog.query("SELECT count(*) FROM log")
        } catch {
          problems.withLock { $0.append("\(error)") }
        }
      }
    }
    for step in 0..<60 {
      try history.step()
      if step % 3 == 0 { try keeper.rebuild(from: store) } else { try keeper.catchUp(from: store) }
    }
    isOver.withLock { $0 = true }
    threads.wait()
    let found = problems.withLock { $0 }
    #expect(found.isEmpty, "\(found.count): \(found.prefix(3))")
    #expect(try Catalog(reading: store).contentDigest() == keeper.contentDigest())
  }

  @Test func theCatalogOfAnotherStoreIsRefused() throws {
    let one = try Store.create(at: folder.file("one"))
    let two = try Store.create(at: folder.file("two"))
    let catalog = try Catalog(of: one)
    #expect(throws: CohortError.self) { try catalog.catchUp(from: two) }
    #expect(throws: CohortError.self) { try catalog.rebuild(from: two) }
  }

  /// An older copy of the store was put back: the catalog is ahead of it, and then remembers another history.
  @Test func anOlderCopyPutBackIsNoticed() throws {
    var history = try StoreHistory(at: path, seed: 13)
    try history.steps(20)
    try history.store.backup(to: folder.file("copy"))
    try history.steps(20)
    let ahead = try Catalog(of: history.store).opening.applied
    let copy = folder.file("copy")
    try FileManager.default.copyItem(atPath: file, toPath: copy + "/" + Catalog.fileName)
    for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: file + suffix) {
      try FileManager.default.copyItem(atPath: file + suffix, toPath: copy + "/" + Catalog.fileName + suffix)
    }
    let store = try openAsOwner(at: copy)
    #expect(try Catalog(of: try Store.open(at: copy)).opening.rebuilt == .ahead)
    while try store.read({ try $0.counters.lastSequence }) <= ahead {
      _ = try store.write {
        try $0.createGrouping(name: "g\($0.counters.lastSequence)", definition: .init(criterion: .task))
      }
    }
    let catalog = try Catalog(of: store)
    #expect(catalog.opening.rebuilt == .otherHistory)
    #expect(try catalog.query("SELECT count(*) FROM groupings WHERE name LIKE 'g%'").rows != [[.integer(0)]])
  }

  /// The store goes on when there is no room for the catalog, and the catalog catches up when there is.
  @Test func aFullDiskIsSaidAndMended() throws {
    var history = try StoreHistory(at: path, seed: 17)
    let catalog = try Catalog(of: history.store, options: CatalogOptions(sliceLength: 10, maximumBytes: 400 << 10))
    var error: CohortError?
    for _ in 0..<200 {
      try history.ingest(samples: 300)
      do { try catalog.catchUp(from: history.store) } catch let caught as CohortError {
        error = caught
        break
      }
    }
    #expect(error?.code.name == "catalog.disk-full" && error?.category == .temporary && error?.place == catalog.path)
    #expect(try history.store.read { try $0.counters.live } > 0)
    let again = try Catalog(of: history.store)
    #expect(again.opening.rebuilt == nil && again.opening.entries > 0)
    let digest = try again.contentDigest()
    try again.rebuild(from: history.store)
    #expect(try again.contentDigest() == digest)
  }

  /// Something that is no file stands where the catalog belongs.
  @Test func aFolderInItsPlaceIsAClearError() throws {
    let store = try Store.create(at: path)
    try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
    let error = #expect(throws: CohortError.self) { try Catalog(of: store) }
    #expect(error?.place?.hasPrefix(file) == true && error?.hint != nil)
    // A reader does without the file.
    #expect(try Catalog(of: try Store.open(at: path)).opening.isPrivate)
  }
}
