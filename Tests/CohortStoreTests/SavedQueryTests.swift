import CohortCore
import CohortStore
import CohortTesting
import Testing

/// Queries that a store keeps: in their table, in the log, and both the same.
@Suite struct SavedQueryTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"))
  }

  private func names() throws -> [String] { try store.read { try $0.queries().map(\.name) } }

  @Test func theyAreKeptAndForgotten() throws {
    #expect(try names() == [] && store.read { try $0.query(named: "a") } == nil)
    try store.write {
      try $0.saveQuery(named: "b", sql: "SELECT 1", about: "one")
      try $0.saveQuery(named: "a", sql: "SELECT 2")
    }
    let other = try Store.open(at: store.path)
    let queries = try other.read { try $0.queries() }
    #expect(queries.map(\.name) == ["a", "b"] && queries.map(\.sql) == ["SELECT 2", "SELECT 1"])
    #expect(queries.map(\.about) == [nil, "one"] && queries.map(\.sequence) == [LogSequence(3), LogSequence(2)])
    try store.write { try $0.saveQuery(named: "a", sql: "SELECT 3", isReplacing: true) }
    #expect(try store.read { try $0.existingQuery("a").sql } == "SELECT 3")
    try store.write { try $0.dropQuery(named: "b") }
    #expect(try names() == ["a"])
    #expect(try store.verify().isSound)
    let kinds = try store.read { transaction in
      var kinds: [String] = []
      try transaction.forEachEntry(from: LogSequence(2)) {
        kinds.append($0.event.kind.name)
        return true
      }
      return kinds
    }
    #expect(kinds == ["query-saved", "query-saved", "query-saved", "query-dropped"])
  }

  @Test func whatCannotBeIsRefused() throws {
    try store.write { try $0.saveQuery(named: "a", sql: "SELECT 1") }
    func code(_ body: (borrowing WriteTransaction) throws -> Void) throws -> String {
      try failure { try store.write { try body($0) } }.code.name
    }
    #expect(try code { try $0.saveQuery(named: "a", sql: "SELECT 2") } == "store.query-exists")
    #expect(try code { try $0.saveQuery(named: "", sql: "SELECT 2") } == "store.name")
    #expect(try code { try $0.saveQuery(named: "b", sql: " \n") } == "store.query")
    #expect(try code { try $0.saveQuery(named: "b", sql: String(repeating: "x", count: 70_000)) } == "store.query")
    #expect(
      try code { try $0.saveQuery(named: "b", sql: "SELECT 1", about: String(repeating: "x", count: 5000)) }
        == "store.query")
    #expect(try code { try $0.dropQuery(named: "b") } == "store.unknown-query")
    #expect(try failure { _ = try store.read { try $0.existingQuery("") } }.category == .notFound)
    #expect(try names() == ["a"])
  }

  @Test func theBytesAreThoseOfTheDocument() throws {
    try store.write { try $0.saveQuery(named: "a", sql: "SELECT 1", about: "one") }
    let value = try #require(try store.read { try $0.value(Array("a".utf8), of: SavedQuery.table) })
    let time = try store.read { try $0.entry(LogSequence(2))?.time ?? 0 }
    var writer = ByteWriter()
    writer.fixed(UInt8(1))
    writer.string("SELECT 1")
    writer.fixed(UInt8(1))
    writer.string("one")
    writer.fixed(time)
    writer.fixed(UInt64(2))
    #expect(value == writer.bytes)
  }

  @Test func aTableThatIsNotTheLogsIsFound() throws {
    try store.write { try $0.saveQuery(named: "a", sql: "SELECT 1") }
    let value = try #require(try store.read { try $0.value(Array("a".utf8), of: SavedQuery.table) })
    try store.write { try $0.put(value, Array("b".utf8), in: SavedQuery.table) }
    #expect(try !store.verify().isSound)
  }
}
