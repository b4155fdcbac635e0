/// What tells whether a file of SQLite's and the log beside it (`-wal`) are still those that they were. Who opens a file while
/// another takes its place may have got the log of the other.
public struct DatabaseFileIdentity: Sendable {
  private let file: FileStatus
  private let log: FileStatus?

  /// Nil where there is no file.
  public init?(_ path: String) {
    guard let file = try? SystemCall.status(of: path) else { return nil }
    self.file = file
    log = try? SystemCall.status(of: path + "-wal")
  }

  /// Whether that holds now. A log that was not there may have been made by who reads; numbers of files are given again at once,
  /// so a file whose content has changed counts as another.
  public func holds(_ path: String) -> Bool {
    guard let now = DatabaseFileIdentity(path), now.file.hasContent(of: file), now.file.changed == file.changed else {
      return false
    }
    return log == nil || log?.inode == now.log?.inode
  }

  /// Whether there is no log, or nothing in it: then all is in the file.
  public var hasEmptyLog: Bool { (log?.size ?? 0) == 0 }
}
