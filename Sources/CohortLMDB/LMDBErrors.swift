internal import CLMDB
package import CohortCore
internal import CohortSystem

extension ErrorCode {
  package static let lmdbCorrupted = ErrorCode(
    .lmdb, "corrupted", .corruption, hint: "Run cohort verify, and restore the last backup")
  package static let lmdbDiskFull = ErrorCode(
    .lmdb, "disk-full", .temporary,
    hint: "Free some space and run the same command again: what was committed before stays, and stays readable")
  package static let lmdbFailed = ErrorCode(.lmdb, "failed", .failure)
  package static let lmdbForked = ErrorCode(.lmdb, "forked", .usage)
  package static let lmdbIo = ErrorCode(.lmdb, "io", .failure, hint: "Check the system log")
  package static let lmdbMapFull = ErrorCode(
    .lmdb, "map-full", .temporary, hint: "Raise the limit of address space (ulimit -v)")
  package static let lmdbMeta = ErrorCode(.lmdb, "meta", .corruption)
  package static let lmdbMissingTable = ErrorCode(.lmdb, "missing-table", .corruption)
  package static let lmdbNetworkFileSystem = ErrorCode(.lmdb, "network-file-system", .usage)
  package static let lmdbNoMemory = ErrorCode(
    .lmdb, "no-memory", .failure, hint: "Raise the limit of address space (ulimit -v)")
  package static let lmdbNoStore = ErrorCode(.lmdb, "no-store", .notFound, hint: "Create one with cohort init")
  package static let lmdbNoTable = ErrorCode(.lmdb, "no-table", .notFound)
  package static let lmdbOpenReadOnly = ErrorCode(.lmdb, "open-read-only", .usage)
  package static let lmdbOpenWithoutLocks = ErrorCode(.lmdb, "open-without-locks", .usage)
  package static let lmdbPanic = ErrorCode(.lmdb, "panic", .failure, hint: "Open the store again")
  package static let lmdbPermission = ErrorCode(
    .lmdb, "permission", .failure, hint: "Check the owner and the mode of the store's folder")
  package static let lmdbReaderSlot = ErrorCode(
    .lmdb, "reader-slot", .temporary,
    hint: "Two containers that share a store need different pid ranges, for example --pid=host")
  package static let lmdbReadersFull = ErrorCode(
    .lmdb, "readers-full", .temporary,
    hint: "Stop some of them, or run cohort verify --repair to clear the slots of dead readers")
  package static let lmdbReplaced = ErrorCode(
    .lmdb, "replaced", .temporary, hint: "Run the same command again: it works on what is there now")
  package static let lmdbTransactionFull = ErrorCode(
    .lmdb, "transaction-full", .failure, hint: "Do it in smaller parts")
  package static let lmdbTruncated = ErrorCode(.lmdb, "truncated", .corruption)
}

extension CohortError {
  /// What LMDB or the system said, in the words of somebody who has to act on it.
  /// - Parameters:
  ///   - status: LMDB's return code or `errno`, not zero.
  ///   - place: the store's folder.
  package static func lmdb(_ status: Int32, doing action: String, place: String?) -> CohortError {
    let short = status == EIO ? place.flatMap { FileSystemKind.reasonOfShortWrite(inStore: $0) } : nil
    let status = short ?? status
    let (code, message) = wording(of: status, doing: action)
    return CohortError(code, message, place: place, cause: String(cString: mdb_strerror(status)))
  }

  /// Runs system calls; what one fails with is told in the words above.
  static func lmdb<R>(
    doing action: String, place: String, _ calls: () throws(Errno) -> R
  ) throws(CohortError) -> R {
    try describing({ lmdb($0.number, doing: action, place: place) }, calls)
  }

  private static func wording(
    of status: Int32, doing action: String
  ) -> (code: ErrorCode, message: String) {
    switch status {
    // EFBIG is a limit on the size of files (`ulimit -f`, or the file system's own).
    case ENOSPC, EDQUOT, EFBIG: (.lmdbDiskFull, "The disk is full")
    case MDB_MAP_FULL: (.lmdbMapFull, "The memory map of the store is full and cannot grow")
    // From the fifth on, they cannot happen on sound pages, with tables used as the store uses them. (A transaction is bad
    // once it met a page that is damaged. EFAULT: it copies pages from the map, and one claims to go on beyond the file.)
    case EFAULT, MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_INCOMPATIBLE, MDB_CURSOR_FULL,
      MDB_PAGE_FULL, MDB_KEYEXIST, MDB_BAD_TXN:
      (.lmdbCorrupted, "The store's data file is damaged (while \(action))")
    case MDB_TXN_FULL: (.lmdbTransactionFull, "The change is too large for one transaction, and was not made")
    case MDB_PANIC: (.lmdbPanic, "LMDB gave up on this environment (while \(action))")
    case MDB_READERS_FULL: (.lmdbReadersFull, "Too many processes read this store at the same time")
    case EAGAIN: (.lmdbReaderSlot, "Another process with the same process id uses this store")
    case EROFS: (.lmdbPermission, "The store cannot be written: the file system is read-only")
    case EACCES, EPERM: (.lmdbPermission, "The store cannot be accessed")
    case ENOENT: (.lmdbNoStore, "There is no store here")
    case EIO: (.lmdbIo, "The disk reported an error (while \(action))")
    case ENOMEM: (.lmdbNoMemory, "LMDB failed while \(action)")
    default: (.lmdbFailed, "LMDB failed while \(action)")
    }
  }
}
