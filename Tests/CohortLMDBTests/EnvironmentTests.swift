import CohortCore
import CohortLMDB
import CohortTesting
import Foundation
import Synchronization
import Testing

@Suite struct EnvironmentTests {
  @Test func aFullMapIsDoubledUntilTheChangeFits() throws {
    let folder = try EnvironmentFolder()
    let environment = try folder.open(mapSize: 256 << 10)
    let writer = WriterThread()
    defer { writer.stop() }
    // Twenty times the map, in one transaction; its body runs again from its beginning.
    var runs = 0
    try writer.perform {
      try environment.write { transaction in
        runs += 1
        for key in 0..<500 as Range<UInt64> {
          let value = [UInt8](repeating: UInt8(truncatingIfNeeded: key), count: 10_000)
          try value.withUnsafeBytes { try transaction.put(environment.table("numbers"), key, $0) }
        }
      }
    }
    #expect(runs > 2)
    #expect(try environment.value(499) == [UInt8](repeating: UInt8(truncatingIfNeeded: 499), count: 10_000))
    #expect(try environment.statistics().mapSize >= 5_000_000)
  }

  @Test func anErrorUndoesTheTransaction() throws {
    struct Failure: Error {}
    let folder = try EnvironmentFolder()
    let environment = try folder.open()
    let writer = WriterThread()
    defer { writer.stop() }
    try environment.put(1, size: 10, byte: 1, with: writer)
    #expect(throws: Failure.self) {
      try writer.perform {
        try environment.write { transaction in
          _ = try transaction.delete(environment.table("numbers"), 1)
          throw Failure()
        }
      }
    }
    #expect(try environment.value(1)?.count == 10)
  }

  @Test func aReaderSeesOneStateWhileTheWriterGoesOn() throws {
    let folder = try EnvironmentFolder()
    let environment = try folder.open()
    let writer = WriterThread()
    defer { writer.stop() }
    try environment.put(1, size: 10, byte: 1, with: writer)
    try environment.read { transaction in
      let table = try environment.table("numbers")
      let before = try #require(try transaction.get(table, 1))
      for round in 2..<20 as Range<UInt8> { try environment.put(1, size: 10, byte: round, with: writer) }
      #expect(before.allSatisfy { $0 == 1 })
      #expect(try transaction.get(table, 1)?.allSatisfy { $0 == 1 } == true)
    }
    #expect(try environment.value(1)?.first == 19)
  }

  @Test func keysAreWalkedInOrder() throws {
    let folder = try EnvironmentFolder()
    let environment = try folder.open()
    let writer = WriterThread()
    defer { writer.stop() }
    let numbers: [UInt64] = [.max, 0, 256, 255, 1 << 40, 7]
    let words = ["b", "a", "ab", "b\u{0}"]
    try writer.perform {
      try environment.write { transaction in
        for key in numbers {
          try [UInt8(1)].withUnsafeBytes { try transaction.put(environment.table("numbers"), key, $0) }
        }
        for key in words {
          try [UInt8(1)].withUnsafeBytes { try transaction.put(environment.table("words"), Array(key.utf8), $0) }
        }
      }
    }
    try environment.read { transaction in
      var seen: [UInt64] = []
      try transaction.walk(environment.table("numbers"), from: 7) { key, _ in
        seen.append(key)
        return key != 1 << 40
      }
      #expect(seen == [7, 255, 256, 1 << 40])
      var spelled: [String] = []
      try transaction.walk(environment.table("words"), from: []) { key, _ in
        spelled.append(String(decoding: key, as: UTF8.self))
        return true
      }
      #expect(spelled == ["a", "ab", "b", "b\u{0}"])
      #expect(try transaction.count(environment.table("words")) == 4)
    }
  }

  @Test func oneEnvironmentForOneFolder() throws {
    let folder = try EnvironmentFolder()
    let environment = try folder.open()
    let link = folder.path + "-link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path)
    defer { try? FileManager.default.removeItem(atPath: link) }
    #expect(try folder.open(at: link) === environment)
    #expect(try folder.open(at: folder.path + "/../" + (folder.path as NSString).lastPathComponent) === environment)
    #expect(try folder.open(readOnly: true) === environment)
  }

  @Test func aReadersEnvironmentIsNotGivenToAWriter() throws {
    let folder = try EnvironmentFolder()
    do { _ = try folder.open() }
    do {
      let reader = try folder.open(readOnly: true)
      let error = #expect(throws: CohortError.self) { try folder.open() }
      #expect(error?.code.name == "lmdb.open-read-only")
      withExtendedLifetime(reader) {}
    }
    let copy = try folder.open(withoutLocks: true)
    let error = #expect(throws: CohortError.self) { try folder.open(readOnly: true) }
    #expect(error?.code.name == "lmdb.open-without-locks")
    withExtendedLifetime(copy) {}
  }

  /// The last user closes it while others open it again: never two maps at once, and nothing is lost.
  @Test func openingWhileItIsBeingClosed() throws {
    let folder = try EnvironmentFolder()
    let kept = try folder.open()
    let writer = WriterThread()
    try kept.put(1, size: 100, byte: 5, with: writer)
    writer.stop()
    let failures = Mutex<[String]>([])
    TestThreads.run(4) { _ in
      for _ in 0..<200 {
        do {
          let environment = try folder.open()
          guard try environment.value(1)?.count == 100 else { throw CocoaError(.fileReadCorruptFile) }
        } catch {
          failures.withLock { $0.append("\(error)") }
        }
      }
    }
    #expect(failures.withLock { $0 } == [])
  }

  @Test func remainsAreErased() throws {
    let folder = try EnvironmentFolder()
    let environment = try folder.open()
    let writer = WriterThread()
    defer { writer.stop() }
    let secret = [UInt8]("the secret of the ".utf8)
    try writer.perform {
      try environment.write { transaction in
        for key in 0..<50 as Range<UInt64> {
          let value = Array(repeatElement(secret, count: 300).joined())
          try value.withUnsafeBytes { try transaction.put(environment.table("numbers"), key, $0) }
        }
      }
    }
    func isInFile() throws -> Bool {
      let copy = folder.path + "/copy"
      try? FileManager.default.removeItem(atPath: copy)
      try FileManager.default.copyItem(atPath: folder.path + "/data.mdb", toPath: copy)
      return try Data(contentsOf: URL(fileURLWithPath: copy)).range(of: Data(secret)) != nil
    }
    #expect(try isInFile())
    try writer.perform {
      try environment.write { transaction in
        for key in 0..<50 as Range<UInt64> { _ = try transaction.delete(environment.table("numbers"), key) }
      }
    }
    #expect(try isInFile())
    try environment.put(99, size: 10, byte: 1, with: writer)
    // A reader of an older state keeps its pages.
    let erased = try writer.perform { try environment.eraseRemains() }
    #expect(erased.pages > 0 && erased.inUse == 0)
    #expect(try !isInFile())
    #expect(try environment.value(99)?.count == 10)
    for key in 0..<50 as Range<UInt64> { try environment.put(key, size: 5000, byte: 2, with: writer) }
    #expect(try environment.value(49)?.count == 5000)
  }

  @Test func anEmptyDataFileIsANewEnvironment() throws {
    let folder = try EnvironmentFolder()
    try Data().write(to: URL(fileURLWithPath: folder.path + "/data.mdb"))
    let environment = try folder.open()
    #expect(try environment.value(1) == nil)
  }

  @Test func aDamagedMetaPageIsRefused() throws {
    let folder = try EnvironmentFolder()
    do {
      let environment = try folder.open()
      let writer = WriterThread()
      for key in 0..<50 as Range<UInt64> { try environment.put(key, size: 5000, byte: 7, with: writer) }
      writer.stop()
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/data.mdb"))
    func error(_ change: (inout Data) -> Void) throws -> String? {
      let other = try EnvironmentFolder()
      var changed = data
      change(&changed)
      try changed.write(to: URL(fileURLWithPath: other.path + "/data.mdb"))
      do {
        _ = try other.open(readOnly: true)
        return nil
      } catch let error as CohortError {
        return error.code.name
      }
    }
    #expect(try error { _ in } == nil)
    #expect(try error { $0 = $0.prefix($0.count / 2) } == "lmdb.truncated")
    #expect(try error { $0 = $0.prefix(3000) } == "lmdb.truncated")
    #expect(try error { $0[16] ^= 1 } == "lmdb.truncated")
    #expect(try error { $0[4096 + 16] ^= 1 } != nil)
    #expect(try error { $0 = Data(repeating: 0x41, count: 100_000) } == "lmdb.truncated")
    // Transactions of the two pages that cannot be neighbours.
    #expect(try error { $0[4096 + 144 + 2] ^= 1 } == "lmdb.meta")
    #expect(try error { $0[144] ^= 1 } == "lmdb.meta")
  }
}
