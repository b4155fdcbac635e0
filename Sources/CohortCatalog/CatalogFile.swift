internal import CohortCore
internal import GRDB
internal import CohortSystem

/// The catalog's file and its companions (`-wal`, `-shm`).
enum CatalogFile {
  /// Up to this size every opening walks the whole file for damage; above, `Catalog.verify` does when asked.
  private static let checkedBytes: Int64 = 32 << 20
  /// Up to this size it also compares each index with its table.
  private static let comparedBytes: Int64 = 8 << 20

  /// Makes the file, with empty tables.
  static func make(_ path: String, _ options: CatalogOptions) throws -> DatabaseQueue {
    try CheckedPages.begin()
    let queue = try DatabaseQueue(path: path, configuration: writable(options))
    try CatalogSchema.migrator.migrate(queue)
    return queue
  }

  /// Opens the file for the owner of the store.
  static func open(_ path: String, _ options: CatalogOptions) throws -> DatabaseQueue {
    try CheckedPages.begin()
    let queue = try DatabaseQueue(path: path, configuration: writable(options))
    try check(queue)
    return queue
  }

  /// Another file took the place of the one that was opened, so that its log may be the other one's.
  struct Replaced: Error {}

  /// Opens the file for anybody.
  /// - Throws: `Replaced` where it is made anew at the same time.
  static func openReadOnly(_ path: String) throws -> DatabaseQueue {
    let opened = DatabaseFileIdentity(path)
    let queue = try connect(path)
    try check(queue)
    guard opened?.holds(path) == true else { throw Replaced() }
    return queue
  }

  /// A connection for reading, of a file that was looked at before.
  static func connect(_ path: String) throws -> DatabaseQueue {
    try CheckedPages.begin()
    return try DatabaseQueue(path: path, configuration: DerivedFile.readOnly(prepare: CheckedPages.reserve))
  }

  /// Empty tables in memory.
  static func openMemory() throws -> DatabaseQueue {
    let queue = try DatabaseQueue()
    try CatalogSchema.migrator.migrate(queue)
    return queue
  }

  private static func writable(_ options: CatalogOptions) -> Configuration {
    DerivedFile.writable(maximumBytes: options.maximumBytes, prepare: CheckedPages.reserve)
  }

  /// What tables say of one another, in a file that was opened, up to the size that every opening looks through.
  /// - Returns: what does not fit together; nil where all does.
  static func contradiction(_ database: Database) throws -> String? {
    let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
    let page = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 0
    return pages * page <= checkedBytes ? CatalogTotals.contradiction(database) : nil
  }

  private static func check(_ queue: DatabaseQueue) throws {
    try queue.read { database in
      let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
      let page = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 0
      guard pages * page <= checkedBytes else { return }
      let look = pages * page <= comparedBytes ? "integrity_check" : "quick_check"
      let found = try String.fetchAll(database, sql: "PRAGMA \(look)(1)")
      guard found == ["ok"] else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: found.first ?? "the check gave no answer")
      }
      // A page as it was some time ago has a right checksum. Of the log nothing may be missing; where there is no such table,
      // the file is of another schema, which others find out.
      let isWhole = try? Bool.fetchOne(
        database,
        sql: """
          SELECT count(*) = coalesce((SELECT applied_sequence FROM catalog_state WHERE id = 1), 0)
            AND count(*) = coalesce(max(sequence), 0) FROM log
          """)
      guard isWhole != false else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "entries of the log are missing")
      }
    }
  }
}
