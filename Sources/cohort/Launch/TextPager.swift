import CohortSystem

/// Shows long texts on a terminal, by the program that the user has for that.
enum TextPager {
  /// Shows a text in Markdown or plain words: by `PAGER`, else by less or more, whichever is there.
  /// - Returns: false where nothing can show it; then it is to be printed.
  static func show(_ text: String) -> Bool {
    if let own = Session.environment("PAGER") { return !own.isEmpty && pipe(text, to: own) }
    return ["less", "more"].contains { isThere($0) && pipe(text, to: $0) }
  }

  /// Shows a manual page by the program `man`, which breaks lines, shows headings, and pages.
  /// - Returns: false where there is none.
  static func showManual(_ roff: String) -> Bool { isThere("man") && pipe(roff, to: "man -l -") }

  private static func isThere(_ program: String) -> Bool {
    (Session.environment("PATH") ?? "/usr/bin:/bin").split(separator: ":").contains {
      access("\($0)/\(program)", X_OK) == 0
    }
  }

  /// Gives a text to a command of the shell, on this terminal, and waits for its end.
  private static func pipe(_ text: String, to command: String) -> Bool {
    // The command decides what Control-C means. A handler, unlike a signal that is ignored, is not passed on.
    let before = signal(SIGINT) { _ in }
    defer { _ = signal(SIGINT, before) }
    guard let pager = try? Pager(command) else { return false }
    SystemCall.put(text, on: pager.input)
    guard let status = pager.finish() else { return false }
    // 126 and 127: the shell could not run it.
    return ![126, 127].contains((status >> 8) & 0xff)
  }
}
