internal import CohortCore
internal import CohortTables
internal import GRDB
internal import GRDBSQLite

extension UnsafeQueryConnection {
  func check(_ code: CInt) throws {
    guard code == SQLITE_OK else { throw failure(code) }
  }

  /// What a result code means for whoever asked.
  func failure(_ code: CInt) -> CohortError {
    let message = String(cString: sqlite3_errmsg(handle))
    // What a table of the store said; SQLite's message is the beginning of it.
    if let failure = session?.failure, message.hasPrefix("\(failure)".prefix(300)) { return failure }
    switch code & 0xff {
    case SQLITE_AUTH:
      // The authorizer says no, too, where the statement has to end.
      if let stop = watch.stop { return .stopped(stop, limits) }
      return .refused(watch.refusal ?? message)
    case SQLITE_INTERRUPT, SQLITE_NOMEM: return .stopped(watch.reason, limits)
    case SQLITE_TOOBIG:
      return CohortError(
        .catalogTooBig, "The statement makes or reads a value of more than 512 KiB", cause: message,
        hint: "Take a part of it with substr")
    case SQLITE_ERROR, SQLITE_MISMATCH, SQLITE_RANGE:
      let offset = sqlite3_error_offset(handle)
      return CohortError(
        .catalogStatement, "The statement is not valid", place: offset >= 0 ? "byte \(offset)" : nil, cause: message,
        hint: StatementLimit.hint(for: message)
          ?? "'cohort man catalog' describes the tables, and sqlite_schema holds them")
    default:
      return CohortError(DatabaseError(resultCode: ResultCode(rawValue: code), message: message), path: path)
    }
  }
}
