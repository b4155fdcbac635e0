package import CohortCore
internal import GRDB

extension ErrorCode {
  package static let catalogArguments = ErrorCode(.catalog, "arguments", .usage)
  package static let catalogBusy = ErrorCode(.catalog, "busy", .temporary)
  package static let catalogByteLimit = ErrorCode(.catalog, "byte-limit", .usage)
  package static let catalogCancelled = ErrorCode(.catalog, "cancelled", .interrupted)
  package static let catalogCannotOpen = ErrorCode(.catalog, "cannot-open", .failure)
  package static let catalogClosed = ErrorCode(.catalog, "closed", .failure)
  package static let catalogDamaged = ErrorCode(.catalog, "damaged", .corruption)
  package static let catalogDeadline = ErrorCode(.catalog, "deadline", .temporary)
  package static let catalogDiskFull = ErrorCode(.catalog, "disk-full", .temporary)
  package static let catalogFailed = ErrorCode(.catalog, "failed", .failure)
  package static let catalogInputOutput = ErrorCode(.catalog, "input-output", .failure)
  package static let catalogMemory = ErrorCode(.catalog, "memory", .usage)
  package static let catalogNotWritable = ErrorCode(.catalog, "not-writable", .failure)
  package static let catalogOtherStore = ErrorCode(.catalog, "other-store", .usage)
  package static let catalogReadOnly = ErrorCode(.catalog, "read-only", .temporary)
  package static let catalogRefused = ErrorCode(.catalog, "refused", .usage)
  package static let catalogRowLimit = ErrorCode(.catalog, "row-limit", .usage)
  package static let catalogStatement = ErrorCode(.catalog, "statement", .usage)
  package static let catalogTooBig = ErrorCode(.catalog, "too-big", .usage)
  package static let catalogTooComplex = ErrorCode(.catalog, "too-complex", .usage)
  package static let catalogUnreadableEntry = ErrorCode(.catalog, "unreadable-entry", .corruption)
}

extension CohortError {
  /// An entry of the log that cannot be shown in the catalog.
  static func unreadable(_ entry: LogSequence, _ what: String, cause: String) -> CohortError {
    CohortError(
      .catalogUnreadableEntry, "\(what) cannot be read", place: "log entry \(entry)", cause: cause,
      hint: "Run cohort verify; a store written by a newer release needs that release")
  }

  static func readOnly(_ path: String) -> CohortError {
    CohortError(
      .catalogReadOnly, "Another process writes the catalog at the moment", place: path,
      hint: "Try again when it is done")
  }

  /// SQLite's errors by what the user can do about them.
  init(_ error: DatabaseError, path: String) {
    let cause = error.message ?? "SQLite code \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL:
      self.init(
        .catalogDiskFull, "There is no room for the catalog", place: path,
        cause: cause, hint: "The store has kept everything; free some space, and the catalog catches up by itself")
    case .SQLITE_CANTOPEN, .SQLITE_PERM:
      self.init(
        .catalogCannotOpen, "The catalog cannot be opened", place: path, cause: cause,
        hint: "Check the owner and mode of the folder and of the file")
    case .SQLITE_READONLY, .SQLITE_AUTH:
      self.init(
        .catalogNotWritable, "The catalog cannot be written", place: path,
        cause: cause, hint: "Check the owner and mode of the folder and of the file; reading still works")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(
        .catalogBusy, "The catalog is in use", place: path, cause: cause,
        hint: "Try again")
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      self.init(
        .catalogDamaged, "The catalog is damaged", place: path, cause: cause,
        hint: "Run cohort rebuild-catalog; the store is not touched by it")
    case .SQLITE_IOERR:
      self.init(
        .catalogInputOutput, "The catalog's file cannot be read or written", place: path,
        cause: cause, hint: "Check the disk; the store is not touched by it")
    default:
      self.init(
        .catalogFailed, "SQLite refused an operation", place: path, cause: cause)
    }
  }
}
