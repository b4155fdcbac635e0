internal import CLMDB
public import CohortCore

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// What LMDB or the system said, in the words of somebody who has to act on it.
public struct LMDBError: DescribedError {
  public var code: String
  public var category: ErrorCategory
  public var message: String
  public var place: String?
  public var cause: String?
  public var hint: String?
  /// LMDB's return code or `errno`; 0 when neither applies.
  package var status: Int32

  package init(
    code: String, category: ErrorCategory, message: String, place: String? = nil, cause: String? = nil,
    hint: String? = nil, status: Int32 = 0
  ) {
    self.code = code
    self.category = category
    self.message = message
    self.place = place
    self.cause = cause
    self.hint = hint
    self.status = status
  }

  /// Turns a non-zero status into an error. `free` is the number of bytes left on the file system, if known: LMDB
  /// reports a full disk as EIO when the write of a meta page fails.
  package static func from(_ status: Int32, doing action: String, place: String?, freeBytes: UInt64? = nil) -> LMDBError
  {
    let cause = String(cString: mdb_strerror(status))
    func error(_ code: String, _ category: ErrorCategory, _ message: String, _ hint: String? = nil) -> LMDBError {
      LMDBError(
        code: "lmdb.\(code)", category: category, message: message, place: place, cause: cause, hint: hint,
        status: status)
    }
    // EFBIG is a limit on the size of files (`ulimit -f`, or the file system's own).
    if status == ENOSPC || status == EDQUOT || status == EFBIG || (status == EIO && (freeBytes ?? .max) < 1 << 20) {
      return error(
        "disk-full", .temporary, "The disk is full",
        "Free some space and run the same command again: what was committed before stays, and stays readable")
    }
    switch status {
    case MDB_MAP_FULL:
      return error(
        "map-full", .temporary, "The memory map of the store is full and cannot grow",
        "Raise the limit of address space (ulimit -v)")
    // The last four cannot happen on sound pages, with tables used as the store uses them.
    case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_INCOMPATIBLE, MDB_CURSOR_FULL,
      MDB_PAGE_FULL, MDB_KEYEXIST:
      return error(
        "corrupted", .corruption, "The store's data file is damaged (while \(action))",
        "Run cohort verify, and restore the last backup")
    case MDB_TXN_FULL:
      return error(
        "transaction-full", .failure, "The change is too large for one transaction, and was not made",
        "Do it in smaller parts")
    case MDB_PANIC:
      return error("panic", .failure, "LMDB gave up on this environment (while \(action))", "Open the store again")
    case MDB_READERS_FULL:
      return error(
        "readers-full", .temporary, "Too many processes read this store at the same time",
        "Stop some of them, or run cohort verify --repair to clear the slots of dead readers")
    case EAGAIN:
      return error(
        "reader-slot", .temporary, "Another process with the same process id uses this store",
        "Two containers that share a store need different pid ranges, for example --pid=host")
    case EACCES, EPERM, EROFS:
      return error(
        "permission", .failure,
        "The store cannot be \(status == EROFS ? "written: the file system is read-only" : "accessed")",
        "Check the owner and the mode of the store's folder")
    case ENOENT:
      return error("no-store", .notFound, "There is no store here", "Create one with cohort init")
    case EIO:
      return error("io", .failure, "The disk reported an error (while \(action))", "Check the system log")
    default:
      return error("failed", .failure, "LMDB failed while \(action)")
    }
  }
}
