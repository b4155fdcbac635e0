import CohortCore
import CohortIngestion
import CohortSystem

/// A file of an inbox, held open from before it is read until it is put away, so that nobody can pass another one off
/// as it.
final class InboxFile {
  let name: InboxName
  let path: String
  let stamp: FileStatus
  private let descriptor: Int32

  /// Opens a file in an inbox. The inbox's own path is resolved; below it no symbolic link is followed.
  /// - Throws: `daemon.refused` for anything but a regular file, `daemon.unreadable`, `daemon.gone`.
  init(_ name: InboxName, in inbox: InboxFolder) throws(CohortError) {
    let path = inbox.path(of: name)
    let descriptor = try CohortError.describing({ Self.failure($0, path) }) { () throws(Errno) in
      let folder = name.folder.map { "\(inbox.path)/\($0)" } ?? inbox.path
      let parent = try SystemCall.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      defer { SystemCall.close(parent) }
      return try SystemCall.open(name.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, in: parent)
    }
    guard let stamp = try? SystemCall.status(of: descriptor), stamp.kind == .regular else {
      SystemCall.close(descriptor)
      throw Self.refused("not a regular file", path)
    }
    (self.name, self.path, self.stamp, self.descriptor) = (name, path, stamp, descriptor)
  }

  deinit { SystemCall.close(descriptor) }

  private static func failure(_ reason: Errno, _ path: String) -> CohortError {
    switch reason.number {
    case ENOENT, ENOTDIR:
      CohortError(.daemonGone, "The file is not there any more", place: path)
    case ELOOP, EMLINK: refused("a symbolic link", path)
    // Not the file's fault: it is tried again.
    case EMFILE, ENFILE:
      CohortError(
        .daemonUnreadable, category: .temporary, "The file cannot be opened now", place: path, cause: reason.text)
    case ENXIO: refused("not a regular file", path)
    default: .system(.daemonUnreadable, "The file cannot be read", place: path, reason)
    }
  }

  /// The file as a source: what is read is what was opened here.
  func source() throws -> InputSource { try .held(descriptor, path: path) }

  private static func refused(_ what: String, _ path: String) -> CohortError {
    CohortError(
      .daemonRefused, "An inbox takes regular files only, and this is \(what)", place: path,
      hint: "Put the file itself there, under a hidden name first, and rename it")
  }

  /// Whether what `path` leads to is this file, and its content is what it was when it was opened.
  var isUnchanged: Bool {
    ((try? SystemCall.linkStatus(of: path))?.hasContent(of: stamp) ?? false) && isUnchangedAnywhere
  }

  /// Whether its content is what it was, wherever it lies now.
  var isUnchangedAnywhere: Bool { (try? SystemCall.status(of: descriptor))?.hasContent(of: stamp) ?? false }

  /// Whether some process has the file open for writing. False where the system does not tell: for files of other users,
  /// and on file systems without leases.
  var hasWriter: Bool {
    #if os(Linux)
      // F_SETLEASE, which the C library shows to _GNU_SOURCE only. A read lease is refused while there is a writer.
      let setLease: Int32 = 1024
      guard fcntl(descriptor, setLease, Int32(F_RDLCK)) == 0 else { return Errno.last.number == EAGAIN }
      _ = fcntl(descriptor, setLease, Int32(F_UNLCK))
    #endif
    return false
  }
}
