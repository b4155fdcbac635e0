internal import CohortCore
internal import CohortSystem
internal import GRDB

/// A file of SQLite's that is derived from the store and can be made anew at any time, and its companions (`-wal`, `-shm`).
enum DerivedFile {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// - Parameter prepare: what else every connection needs.
  static func readOnly(prepare: (@Sendable (Database) throws -> Void)? = nil) -> Configuration {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    if let prepare { configuration.prepareDatabase(prepare) }
    return configuration
  }

  /// - Parameters:
  ///   - maximumBytes: the file may not grow beyond; nil for no limit.
  ///   - prepare: what else every connection needs.
  static func writable(
    maximumBytes: Int? = nil, prepare: (@Sendable (Database) throws -> Void)? = nil
  ) -> Configuration {
    var configuration = Configuration()
    // Readers of other processes go on while slices are applied.
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(5)
    if maximumBytes != nil || prepare != nil {
      configuration.prepareDatabase { database in
        try prepare?(database)
        if let maximumBytes {
          let page = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
          try database.execute(sql: "PRAGMA max_page_count = \(max(maximumBytes / max(page, 512), 1))")
        }
      }
    }
    return configuration
  }

  /// Deletes the file. The main file goes first: SQLite throws away a log that it finds beside an empty file.
  /// - Parameters:
  ///   - name: what it is called in an error.
  ///   - code: that of the error.
  static func remove(_ path: String, _ name: String, _ code: ErrorCode) throws {
    for suffix in ["", "-wal", "-shm", "-journal"] {
      try CohortError.describing({
        CohortError(
          code, "The old \(name) cannot be deleted", place: path + suffix, cause: $0.text,
          hint: "Delete it yourself; it comes back with the same content")
      }) { () throws(Errno) in try SystemCall.remove(path + suffix) }
    }
  }
}
