internal import CLMDB
internal import CohortCore
internal import CohortSystem

/// The folder and the files that an environment has open, by their numbers in the file system.
///
/// A path is only a name. Somebody can delete the folder, or move it away and put a backup there, while the files of old are
/// still open: what is written then goes into files that nobody will ever open again. So whoever commits asks here before,
/// and says after it only then that the samples are safe when the files are still in their place.
struct OpenPlace: Sendable {
  private struct Part: Sendable {
    let path: String
    let what: String
    let device: UInt64
    let inode: UInt64

    init(_ path: String, _ what: String, _ status: FileStatus) {
      (self.path, self.what, device, inode) = (path, what, status.device, status.inode)
    }

    /// What is wrong with it; nil when it is in its place.
    var trouble: String? {
      do throws(Errno) {
        let now = try SystemCall.status(of: path)
        return now.device == device && now.inode == inode ? nil : "\(what) is another one"
      } catch {
        return error.number == ENOENT || error.number == ENOTDIR
          ? "\(what) is gone" : "\(what) cannot be found: \(error.text)"
      }
    }
  }

  private let path: String
  private let data: Part
  /// The folder, and the file with LMDB's locks where it is used.
  private let others: [Part]
  private let lock: Part?

  /// Notes what an environment has open.
  /// - Parameter path: the folder, absolute: the process may change its own.
  /// - Throws: `lmdb.replaced` when the place was taken while it was opened.
  init(_ environment: OpaquePointer, path: String, hasLocks: Bool) throws(CohortError) {
    var descriptor: Int32 = -1
    _ = mdb_env_get_fd(environment, &descriptor)
    let open = descriptor
    self.path = path
    (data, others, lock) = try CohortError.lmdb(doing: "looking at the store", place: path) { () throws(Errno) in
      let lock = hasLocks ? Part(path + "/lock.mdb", "lock.mdb", try SystemCall.status(of: path + "/lock.mdb")) : nil
      return (
        Part(path + "/data.mdb", "data.mdb", try SystemCall.status(of: open)),
        [Part(path, "the folder", try SystemCall.status(of: path))] + (lock.map { [$0] } ?? []), lock
      )
    }
    try check()
  }

  /// - Throws: `lmdb.replaced` unless the path leads to what is open.
  /// - Complexity: three system calls, a few microseconds.
  func check() throws(CohortError) {
    for part in [data] + others {
      guard let cause = part.trouble else { continue }
      throw CohortError(
        .lmdbReplaced, "The store was replaced or taken away while it was open", place: path, cause: cause)
    }
  }

  /// Whether the file with LMDB's locks is the one that is open. Where it is, and the data are not, opening what is there now
  /// would break the locks of both.
  var keepsLock: Bool { lock.map { $0.trouble == nil } ?? false }

  /// Whether two have the same files open.
  func isSame(as other: OpenPlace) -> Bool { data.device == other.data.device && data.inode == other.data.inode }
}
