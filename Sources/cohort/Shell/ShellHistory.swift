import CohortSystem

/// The lines that were typed into the shell, kept from one run to the next: `$XDG_STATE_HOME/cohort/sql_history`, for its owner
/// alone, one line a line. A line that begins with a space is not kept.
struct ShellHistory {
  /// Lines that are kept when the file is shortened, and how long it may become before.
  private static let (kept, most) = (1000, 2000)
  /// What is read of a file at most, its end.
  private static let mostBytes = 8 << 20

  /// The file; nil where no place is known for it.
  let path: String?
  private var last: String?

  /// By the XDG base directory specification: relative paths are ignored, and `~/.local/state` stands in for a missing one.
  init(environment: (String) -> String?) {
    if let base = environment("XDG_STATE_HOME"), base.hasPrefix("/") {
      path = base + "/cohort/sql_history"
    } else if let home = environment("HOME"), home.hasPrefix("/") {
      path = home + "/.local/state/cohort/sql_history"
    } else {
      path = nil
    }
  }

  /// The lines of earlier runs, the oldest first. A file that has become long is shortened.
  /// - Throws: what the system says of the file; one that is not there is no error.
  mutating func load() throws(Errno) -> [String] {
    guard let path, SystemCall.exists(path) else { return [] }
    let (bytes, isWhole) = try Self.end(of: path)
    var lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    if lines.count > Self.most || !isWhole {
      lines = lines.suffix(Self.kept)
      // Another name first: whoever is killed meanwhile loses nothing.
      let copy = path + ".\(getpid())"
      let descriptor = try SystemCall.open(copy, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
      defer { SystemCall.close(descriptor) }
      try SystemCall.writeFully(lines.flatMap { Array(($0 + "\n").utf8) }, to: descriptor)
      try SystemCall.rename(copy, to: path)
    }
    last = lines.last
    return lines
  }

  /// The bytes of a file, or, of a large one, those of its last lines.
  private static func end(of path: String) throws(Errno) -> (bytes: ArraySlice<UInt8>, isWhole: Bool) {
    let descriptor = try SystemCall.open(path)
    defer { SystemCall.close(descriptor) }
    let size = Int(clamping: try SystemCall.status(of: descriptor).size)
    guard size > mostBytes else { return (try SystemCall.contents(of: descriptor)?[...] ?? [], true) }
    var bytes = [UInt8](repeating: 0, count: mostBytes)
    // Somebody else may just have made it shorter; then it is theirs to keep.
    guard try SystemCall.readFully(descriptor, into: &bytes, at: size - mostBytes) else { return ([], true) }
    // Of the first line a part may be missing.
    return (bytes.drop { $0 != UInt8(ascii: "\n") }, false)
  }

  /// Adds a line. One that says nothing, or what the one before it says, is not kept.
  /// - Returns: whether it is to be remembered.
  /// - Throws: what the system says of the file.
  mutating func add(_ line: String) throws(Errno) -> Bool {
    guard let first = line.first, !first.isWhitespace, line != last, !line.utf8.contains(0x0a) else { return false }
    last = line
    guard let path, let slash = path.lastIndex(of: "/") else { return true }
    try SystemCall.makeFolder(String(path[..<slash]))
    let descriptor = try SystemCall.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
    defer { SystemCall.close(descriptor) }
    try SystemCall.writeFully(Array((line + "\n").utf8), to: descriptor)
    return true
  }
}
