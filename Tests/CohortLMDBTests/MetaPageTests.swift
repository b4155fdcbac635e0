import CohortLMDB
import CohortTesting
import Foundation
import Synchronization
import Testing

@Suite struct MetaPageTests {
  /// A process that is killed right after a commit leaves a file without the pages that the commit counted as free.
  @Test func onlyPagesInUseAreMissed() throws {
    let folder = try TemporaryFolder()
    let environment = try open(folder.path)
    try fill(environment, transactions: 40)
    let pageSize = Int(try environment.statistics().pageSize)

    // Not the file itself: closing it would drop the environment's locks.
    let copy = folder.file("copy.mdb")
    try FileManager.default.copyItem(atPath: folder.file("data.mdb"), toPath: copy)
    let whole = Int(try environment.statistics().usedBytes)
    func isWhole(without pages: Int) -> Bool {
      truncate(copy, off_t(whole - pages * pageSize)) == 0 && (try? MetaPage.check(dataFile: copy)) != nil
    }
    #expect(isWhole(without: 0))
    // The value that the last transaction gave back: 9,000 bytes are three pages.
    #expect(isWhole(without: 1))
    #expect(isWhole(without: 3))
    #expect(!isWhole(without: 4))
    #expect(!isWhole(without: whole / pageSize / 2))
    #expect(!isWhole(without: whole / pageSize - 2))
  }

  /// Another process may open the store at any moment of a commit: a file that grows is not a truncated one.
  @Test func aFileThatGrowsIsNotATruncatedOne() throws {
    let folder = try TemporaryFolder()
    let environment = try open(folder.path)
    let watch = Watch()
    let thread = TestThreads(1) { _ in
      while !watch.done.load(ordering: .acquiring) {
        do {
          try MetaPage.check(dataFile: folder.file("data.mdb"))
        } catch {
          watch.failure.withLock { $0 = "\(error)" }
        }
      }
    }
    defer {
      watch.done.store(true, ordering: .releasing)
      thread.wait()
    }
    try fill(environment, transactions: 300)
    #expect(watch.failure.withLock { $0 } == nil)
  }

  private func open(_ folder: String) throws -> Environment {
    var options = Environment.Options()
    options.createsTables = true
    return try EnvironmentRegistry.environment(
      at: folder, tables: [TableDefinition("rows", key: .integer)], options: options)
  }

  /// Each transaction adds three values and gives a fourth back, at the end of the file.
  private func fill(_ environment: Environment, transactions: UInt64) throws {
    let writer = WriterThread()
    defer { writer.stop() }
    let value = [UInt8](repeating: 7, count: 9_000)
    for number in 0..<transactions {
      try writer.perform {
        try environment.write { transaction in
          let table = try environment.table("rows")
          for key in (4 * number)..<(4 * number + 4) {
            try value.withUnsafeBytes { try transaction.put(table, key, $0) }
          }
          _ = try transaction.delete(table, 4 * number + 3)
        }
      }
    }
  }

  /// What the checking thread and the test share.
  private final class Watch: Sendable {
    let done = Atomic(false)
    let failure = Mutex<String?>(nil)
  }
}
