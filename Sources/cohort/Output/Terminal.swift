import CohortSystem

/// What stands behind a file descriptor: a terminal or something else, how wide, and whether it wants colour.
struct Terminal: Sendable {
  let isTerminal: Bool
  /// Moving the cursor and colour make sense: a terminal that is not `dumb`.
  let isCapable: Bool
  var hasColor: Bool
  /// Columns to fit into; nil when there is no width to respect.
  let columns: Int?

  /// - Parameter environment: looks up `TERM`, `NO_COLOR` and `COLUMNS`.
  init(descriptor: Int32, environment: (String) -> String?) {
    isTerminal = isatty(descriptor) == 1
    isCapable = isTerminal && environment("TERM").map { $0 != "dumb" && !$0.isEmpty } ?? false
    hasColor = isCapable && (environment("NO_COLOR") ?? "").isEmpty
    guard isTerminal else {
      columns = nil
      return
    }
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      columns = Int(size.ws_col)
    } else {
      columns = environment("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
    }
  }
}
