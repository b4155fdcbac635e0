internal import GRDB

/// The tables of the catalog and how a file gets them.
enum CatalogSchema {
  /// A change of the tables is a new migration; a catalog that has not exactly these is made anew from the log.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("8: projection of the log") { try $0.execute(sql: sql) }
    return migrator
  }

  /// What SQLite keeps of the tables and indexes, without white space that carries no meaning, one statement a line.
  static func dump(_ database: Database) throws -> [String] {
    try String.fetchAll(
      database,
      sql: """
        SELECT type || ' ' || name || ': ' || sql FROM sqlite_schema
        WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'grdb_migrations' ORDER BY type, name
        """
    ).map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
  }

  /// The tables in the order of their names, migrations left out.
  static func tables(_ database: Database) throws -> [String] {
    try String.fetchAll(
      database,
      sql: """
        SELECT name FROM sqlite_schema
        WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'grdb_migrations' ORDER BY name
        """)
  }

  /// Whether the file has the tables of this release, no more and no less.
  static func isCurrent(_ database: Database) throws -> Bool {
    guard try database.tableExists("grdb_migrations") else { return false }
    guard try migrator.appliedIdentifiers(database) == Set(migrator.migrations) else { return false }
    return try dump(database) == expected.get()
  }

  private static let expected = Result<[String], any Error> {
    let queue = try DatabaseQueue()
    try migrator.migrate(queue)
    return try queue.read(dump)
  }
}
