import CohortCatalog
import CohortCore
import CohortStore
import CohortTesting
import Foundation
import Synchronization
import Testing

/// Questions to a store that is being written: none of them opens or copies a catalog of its own.
@Suite struct SharedCatalogTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Entries that a question to the shared catalog sees.
  private func count(_ store: Store) throws -> Int64? {
    guard
      case .integer(let count) = try SharedCatalog.of(store).reader(of: store).query("SELECT count(*) FROM log")
        .rows.first?.first
    else { return nil }
    return count
  }

  private func last(_ store: Store) throws -> Int64 {
    Int64(try store.read { try $0.counters.lastSequence.rawValue })
  }

  @Test func whoeverKeepsTheFileLendsIt() throws {
    var history = try StoreHistory(at: folder.file("s"), seed: 21)
    try history.steps(10)
    let store = history.store
    let keeper = try Catalog(of: store)
    let shared = SharedCatalog.of(store)
    #expect(shared === SharedCatalog.of(store))
    shared.keep(keeper)
    for _ in 0..<10 {
      try history.step()
      #expect(try count(store) == last(store))
    }
    #expect(shared.openings == 0)
    // The questions have brought the file to the end of the log: nothing is left for its keeper.
    #expect(try keeper.catchUp(from: store).entries == 0)
  }

  @Test func withoutAKeeperOneCatalogIsOpenedForAllQuestions() throws {
    var history = try StoreHistory(at: folder.file("s"), seed: 22)
    try history.steps(10)
    let store = history.store
    let shared = SharedCatalog.of(store)
    for _ in 0..<10 {
      try history.step()
      #expect(try count(store) == last(store))
    }
    #expect(shared.openings == 1)
    // What it has is given up when somebody keeps the file again.
    shared.keep(try Catalog(of: store))
    #expect(try count(store) == last(store))
    shared.keep(nil)
    #expect(try count(store) == last(store))
    #expect(shared.openings == 2)
  }

  /// Damage that a question meets is mended in the file of whoever keeps it, who is told of it.
  @Test func damageIsMendedInTheFileOfItsKeeper() throws {
    var history = try StoreHistory(at: folder.file("s"), seed: 24)
    try history.steps(40)
    let store = history.store
    let shared = SharedCatalog.of(store)
    let told = Mutex<[CatalogRefresh.Reason?]>([])
    let file = store.path + "/" + Catalog.fileName
    let digest = try { try Catalog(of: store).contentDigest() }()
    let sound = try #require(FileManager.default.contents(atPath: file))
    let pages = sound.count / 4096
    var met = 0
    for page in 0..<pages {
      // All is in the file, and nothing in the log beside it: nobody has it open.
      for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
      try sound.write(to: URL(fileURLWithPath: file))
      let keeper = try Catalog(of: store)
      #expect(keeper.opening.rebuilt == nil)
      shared.keep(keeper) { refresh in told.withLock { $0.append(refresh.rebuilt) } }
      defer { shared.keep(nil) }
      told.withLock { $0 = [] }
      try Self.flip(file, at: page * 4096 + 2000)
      let answer = try everything(shared, store)
      #expect(try answer == last(store), "page \(page)")
      #expect(keeper.isWriter)
      guard told.withLock({ !$0.isEmpty }) else { continue }
      met += 1
      #expect(told.withLock { $0 } == [.damaged], "page \(page)")
      #expect(try keeper.contentDigest() == digest && shared.openings == 0)
      // The next question finds nothing to mend.
      #expect(try everything(shared, store) == last(store))
      #expect(told.withLock { $0.count } == 1)
    }
    #expect(met > 1, "\(met) of \(pages) pages")
  }

  /// Reads all tables as questions do. - Returns: entries of the log.
  private func everything(_ shared: SharedCatalog, _ store: Store) throws -> Int64? {
    func ask(_ reader: CatalogReader) throws -> Int64? {
      for table in ["sources", "tasks", "ingests", "groupings", "rounds", "group_events", "lineage"] {
        _ = try reader.query("SELECT * FROM \(table)")
      }
      guard
        case .integer(let count) = try reader.query("SELECT count(*), sum(length(summary)) FROM log").rows.first?.first
      else { return nil }
      return count
    }
    let reader = try shared.reader(of: store)
    do {
      return try ask(reader)
    } catch let error as CohortError where error.code.name == "catalog.damaged" {
      return try ask(shared.mendedReader(of: store, after: reader))
    }
  }

  /// Changes a bit of a file.
  private static func flip(_ path: String, at offset: Int) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(offset))
    let byte = try #require(file.read(upToCount: 1)?.first)
    try file.seek(toOffset: UInt64(offset))
    try file.write(contentsOf: [byte ^ 4])
  }

  /// The file changes hands and is made anew while many ask: every answer is as new as its question.
  @Test func theFileMayChangeHandsWhileManyAsk() throws {
    var history = try StoreHistory(at: folder.file("s"), seed: 23)
    try history.steps(10)
    let store = history.store
    let problems = Mutex<[String]>([])
    let isOver = Mutex(false)
    let threads = TestThreads(4) { _ in
      while !isOver.withLock({ $0 }) {
        do {
          let before = try last(store)
          let seen = try count(store) ?? -1
          if seen < before { problems.withLock { $0.append("\(seen) of \(before) entries") } }
        } catch {
          problems.withLock { $0.append("\(error)") }
        }
      }
    }
    for step in 0..<40 {
      try history.step()
      if step % 4 == 0 {
        let keeper = try Catalog(of: store)
        if step % 8 == 0 { try keeper.rebuild(from: store) }
        SharedCatalog.of(store).keep(keeper)
      } else if step % 4 == 2 {
        SharedCatalog.of(store).keep(nil)
      }
    }
    isOver.withLock { $0 = true }
    threads.wait()
    let found = problems.withLock { $0 }
    #expect(found.isEmpty, "\(found.count): \(found.prefix(3))")
  }
}
