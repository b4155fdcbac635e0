/// Files and folders that survive a power cut.
public enum DurableFile {
  /// What the name of a file ends with while it is written.
  public static let draftSuffix = ".tmp"

  /// Puts a file in the place of whatever has its name: under another name first, then renamed. Killed at any time, the old
  /// or the new one is there, whole. When this returns, the new one is durable.
  /// - Parameter mode: the permission bits.
  public static func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o600) throws(Errno) {
    let draft = path + draftSuffix
    do throws(Errno) {
      let descriptor = try SystemCall.open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
      defer { SystemCall.close(descriptor) }
      try SystemCall.writeFully(bytes, to: descriptor)
      try SystemCall.synchronize(descriptor)
      try SystemCall.rename(draft, to: path)
    } catch {
      try? SystemCall.remove(draft)
      throw error
    }
    try synchronizeFolder(of: path)
  }

  /// Makes a file durable, or the entries of a folder. A folder that may be entered but not read cannot be synchronised,
  /// and is passed over.
  public static func synchronize(_ path: String) throws(Errno) {
    let descriptor: Int32
    do throws(Errno) {
      descriptor = try SystemCall.open(path)
    } catch {
      if error.number == EACCES, (try? SystemCall.status(of: path))?.kind == .folder { return }
      throw error
    }
    defer { SystemCall.close(descriptor) }
    try SystemCall.synchronize(descriptor)
  }

  /// Makes the name durable that a file has in its folder.
  public static func synchronizeFolder(of path: String) throws(Errno) { try synchronize(parent(of: path)) }

  /// Makes a folder and all in it durable; links are not followed.
  public static func synchronizeTree(_ path: String) throws(Errno) {
    let kind = try SystemCall.linkStatus(of: path).kind
    if kind == .folder {
      for name in try SystemCall.names(in: path) { try synchronizeTree("\(path)/\(name)") }
    }
    if kind == .folder || kind == .regular { try synchronize(path) }
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
