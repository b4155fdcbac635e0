internal import CohortCore
internal import GRDB
internal import CohortSystem

/// The catalog's file and its companions (`-wal`, `-shm`).
enum CatalogFile {
  /// Up to this size every opening walks the whole file for damage; above, `Catalog.verify` does when asked.
  private static let checkedBytes: Int64 = 32 << 20

  /// Makes the file, with empty tables.
  static func make(_ path: String, _ options: CatalogOptions) throws -> DatabaseQueue {
    let queue = try DatabaseQueue(path: path, configuration: DerivedFile.writable(maximumBytes: options.maximumBytes))
    try CatalogSchema.migrator.migrate(queue)
    return queue
  }

  /// Opens the file for the owner of the store.
  static func open(_ path: String, _ options: CatalogOptions) throws -> DatabaseQueue {
    let queue = try DatabaseQueue(path: path, configuration: DerivedFile.writable(maximumBytes: options.maximumBytes))
    try check(queue)
    return queue
  }

  /// Another file took the place of the one that was opened, so that its log may be the other one's.
  struct Replaced: Error {}

  /// Opens the file for anybody.
  /// - Throws: `Replaced` where it is made anew at the same time.
  static func openReadOnly(_ path: String) throws -> DatabaseQueue {
    let opened = DatabaseFileIdentity(path)
    let queue = try DatabaseQueue(path: path, configuration: DerivedFile.readOnly())
    try check(queue)
    guard opened?.holds(path) == true else { throw Replaced() }
    return queue
  }

  /// Empty tables in memory.
  static func openMemory() throws -> DatabaseQueue {
    let queue = try DatabaseQueue()
    try CatalogSchema.migrator.migrate(queue)
    return queue
  }

  private static func check(_ queue: DatabaseQueue) throws {
    try queue.read { database in
      let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
      let page = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 0
      guard pages * page <= checkedBytes else { return }
      let found = try String.fetchAll(database, sql: "PRAGMA quick_check(1)")
      guard found == ["ok"] else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: found.first ?? "the check gave no answer")
      }
    }
  }
}
