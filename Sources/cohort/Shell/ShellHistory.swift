import CohortSystem

/// The lines that were typed into the shell, kept from one run to the next: `$XDG_STATE_HOME/cohort/sql_history`, for its owner
/// alone, one line a line. A line that begins with a space is not kept.
struct ShellHistory {
  /// Lines that are kept when the file is shortened, and how long it may become before.
  private static let (kept, most) = (1000, 2000)
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
    let bytes = try SystemCall.contents(of: path, limit: Self.mostBytes) ?? []
    var lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    if lines.count > Self.most || bytes.isEmpty {
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
