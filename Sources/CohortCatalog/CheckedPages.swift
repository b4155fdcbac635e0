internal import CSQLiteGuard
internal import GRDB

/// Checksums of the pages of derived files: each page ends with one, which is looked at whenever the page is read. A file of an
/// older release has none, so it counts as damaged, and is made anew.
enum CheckedPages {
  private static let code = cohort_sqlite_check_pages()

  /// To be called before each connection is opened: one that was opened before knows nothing of checksums.
  static func begin() throws {
    guard code == 0 else {
      throw DatabaseError(resultCode: ResultCode(rawValue: code), message: "the checksums of pages cannot be used")
    }
  }

  /// Leaves room for them in a file that is about to be made.
  static let reserve: @Sendable (Database) throws -> Void = { database in
    let code = cohort_sqlite_reserve_sums(database.sqliteConnection)
    guard code == 0 else {
      throw DatabaseError(resultCode: ResultCode(rawValue: code), message: "there is no room for checksums of pages")
    }
  }
}
