import CLMDB
import CohortLMDB
import CohortTesting
import Foundation
import Testing

/// Tables that are made when they are first needed.
@Suite struct OptionalTableTests {
  private static let extra = TableDefinition("extra", key: .bytes, isOptional: true)
  private static let further = TableDefinition("further", key: .integer, isOptional: true)

  private struct Failure: Error {}

  private func open(_ folder: EnvironmentFolder, withoutLocks: Bool = false) throws -> CohortLMDB.Environment {
    _ = try? folder.open()
    var options = CohortLMDB.Environment.Options()
    options.mapSize = 1 << 24
    options.readOnly = withoutLocks
    options.withoutLocks = withoutLocks
    return try EnvironmentRegistry.environment(
      at: folder.path,
      tables: [
        TableDefinition("numbers", key: .integer), TableDefinition("words", key: .bytes), Self.extra, Self.further,
      ],
      options: options)
  }

  private func value(_ environment: CohortLMDB.Environment) throws -> [UInt8]? {
    try environment.read { transaction in
      try transaction.table(Self.extra).flatMap { try transaction.get($0, [7]).map { [UInt8]($0) } }
    }
  }

  @Test func aTableIsMadeWithTheFirstValueInIt() throws {
    let folder = try EnvironmentFolder()
    let environment = try open(folder)
    let writer = WriterThread()
    defer { writer.stop() }
    #expect(try value(environment) == nil)
    // A transaction that fails leaves neither table nor handle.
    for _ in 0..<3 {
      #expect(throws: Failure.self) {
        try writer.perform {
          try environment.write { transaction in
            let table = try transaction.make(Self.extra)
            try [UInt8(1)].withUnsafeBytes { try transaction.put(table, [7], $0) }
            #expect(try transaction.table(Self.extra).flatMap { try transaction.get($0, [7]) } != nil)
            throw Failure()
          }
        }
      }
      #expect(try value(environment) == nil)
    }
    // The map grows, and the body runs again.
    var runs = 0
    try writer.perform {
      try environment.write { transaction in
        runs += 1
        let table = try transaction.make(Self.extra)
        #expect(try transaction.make(Self.extra) == table)
        _ = try transaction.make(Self.further)
        try [UInt8(2)].withUnsafeBytes { try transaction.put(table, [7], $0) }
        let bytes = [UInt8](repeating: 1, count: 32 << 20)
        try bytes.withUnsafeBytes { try transaction.put(environment.table("numbers"), 1, $0) }
      }
    }
    #expect(runs > 1)
    #expect(try value(environment) == [2])
    #expect(try environment.read { $0.table(Self.further) != nil })
  }

  /// A reader looks again with its next transaction when another process has made tables.
  @Test func aTableOfAnotherProcessIsNoticed() throws {
    let folder = try EnvironmentFolder()
    do { _ = try open(folder) }
    let environment = try open(folder, withoutLocks: true)
    #expect(try value(environment) == nil)
    try Self.make("other", in: folder.path)
    #expect(try value(environment) == nil)
    try Self.make("extra", in: folder.path)
    #expect(try value(environment) == [9])
    #expect(try environment.read { $0.table(Self.further) == nil })
    try Self.make("further", in: folder.path)
    // Also within a read that sees it.
    try environment.read { outer in
      #expect(outer.table(Self.further) != nil)
      let inner = try value(environment)
      #expect(inner == [9])
    }
  }

  /// Readers run while tables are made and undone.
  @Test func readersSeeAWholeTableOrNone() throws {
    let folder = try EnvironmentFolder()
    let environment = try open(folder)
    let writer = WriterThread()
    defer { writer.stop() }
    let threads = TestThreads(3) { _ in
      // Nothing is seen of a table that is undone; then all of it.
      do {
        for _ in 0..<2000 { if let seen = try value(environment) { #expect(seen == [3]) } }
      } catch {
        Issue.record(error)
      }
    }
    for _ in 0..<50 {
      #expect(throws: Failure.self) {
        try writer.perform {
          try environment.write { transaction in
            _ = try transaction.make(Self.extra)
            throw Failure()
          }
        }
      }
    }
    try writer.perform {
      try environment.write { transaction in
        let table = try transaction.make(Self.extra)
        try [UInt8(3)].withUnsafeBytes { try transaction.put(table, [7], $0) }
      }
    }
    threads.wait()
    #expect(try value(environment) == [3])
  }

  /// What another process does: a map of its own, and a table with one value.
  private static func make(_ name: String, in path: String) throws {
    var environment: OpaquePointer?
    var transaction: OpaquePointer?
    var handle: MDB_dbi = 0
    try #require(mdb_env_create(&environment) == 0)
    defer { mdb_env_close(environment) }
    try #require(mdb_env_set_maxdbs(environment, 8) == 0)
    try #require(mdb_env_open(environment, path, UInt32(MDB_NOLOCK), 0o600) == 0)
    try #require(mdb_txn_begin(environment, nil, 0, &transaction) == 0)
    try #require(mdb_dbi_open(transaction, name, UInt32(MDB_CREATE), &handle) == 0)
    var (key, value): ([UInt8], [UInt8]) = ([7], [9])
    try key.withUnsafeMutableBytes { key in
      try value.withUnsafeMutableBytes { value in
        var (k, v) = (MDB_val(mv_size: 1, mv_data: key.baseAddress), MDB_val(mv_size: 1, mv_data: value.baseAddress))
        try #require(mdb_put(transaction, handle, &k, &v, 0) == 0)
      }
    }
    try #require(mdb_txn_commit(transaction) == 0)
  }
}
