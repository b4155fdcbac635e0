import CohortCatalog
import CohortCore
import CohortStore
import CohortTesting
import Foundation
import GRDB
import Testing

@Suite struct SchemaTests {
  private static var schemaFile: URL {
    Checkout.root.appendingPathComponent("Schemas/catalog.sql")
  }

  private static func dump(_ database: Database) throws -> [String] {
    try String.fetchAll(
      database,
      sql: """
        SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name <> 'grdb_migrations' ORDER BY type, name
        """
    ).map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
  }

  /// `Schemas/catalog.sql` is what a migrated catalog has: no table, index, column or comment differs.
  @Test func theSchemaFileIsTheSchema() throws {
    let written = try DatabaseQueue()
    try written.write { try $0.execute(sql: String(contentsOf: Self.schemaFile, encoding: .utf8)) }
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"))
    let catalog = try Catalog(of: store)
    let made = try DatabaseQueue(path: catalog.path)
    let expected = try written.read(Self.dump)
    #expect(try made.read(Self.dump) == expected)
    #expect(expected.count > 25)
  }

  /// The page about the catalog names every table.
  @Test func everyTableIsDocumented() throws {
    let page = try String(
      contentsOf: Self.schemaFile.deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Docs/catalog.md"), encoding: .utf8)
    let written = try DatabaseQueue()
    try written.write { try $0.execute(sql: String(contentsOf: Self.schemaFile, encoding: .utf8)) }
    let tables = try written.read {
      try String.fetchAll($0, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'")
    }
    for table in tables {
      #expect(page.contains("`\(table)`"), "Docs/catalog.md does not mention \(table)")
    }
  }

  /// `Schemas/search.sql` is what the full-text index has.
  @Test func theSchemaFileOfTheIndexIsItsSchema() throws {
    func statements(_ text: String) -> String {
      text.split(separator: "\n").map { $0.prefix { $0 != "-" } }.joined(separator: " ")
        .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    let file = Self.schemaFile.deletingLastPathComponent().appendingPathComponent("search.sql")
    #expect(statements(try String(contentsOf: file, encoding: .utf8)) == statements(SearchIndex.schema))
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"))
    _ = try SearchIndex.follow(store)
    let made = try DatabaseQueue(path: store.path + "/search.sqlite")
    let tables = try made.read { try String.fetchAll($0, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'") }
    for table in ["search_state", "sample_sizes", "words"] { #expect(tables.contains(table)) }
  }
}
