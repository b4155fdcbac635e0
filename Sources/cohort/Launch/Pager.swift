import CohortSystem

/// Shows long texts on a terminal, by the program that the user has for that.
enum Pager {
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
    var ends: [Int32] = [0, 0]
    guard CohortSystem.pipe(&ends) == 0 else { return false }
    // The command decides what Control-C means. A handler, unlike a signal that is ignored, is not passed on.
    let before = signal(SIGINT) { _ in }
    defer { _ = signal(SIGINT, before) }
    let child = UnsafePagerSpawn.start(command, reading: ends[0], closing: ends[1])
    SystemCall.close(ends[0])
    if child != nil { SystemCall.put(text, on: ends[1]) }
    SystemCall.close(ends[1])
    guard let child, let status = try? SystemCall.wait(for: child) else { return false }
    // 126 and 127: the shell could not run it.
    return ![126, 127].contains((status >> 8) & 0xff)
  }
}

/// `posix_spawn`, whose parameters are all pointers.
private enum UnsafePagerSpawn {
  static func start(_ command: String, reading input: Int32, closing other: Int32) -> pid_t? {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    posix_spawn_file_actions_addclose(&actions, other)
    if input != STDIN_FILENO { posix_spawn_file_actions_addclose(&actions, input) }
    var usual = sigset_t()
    sigemptyset(&usual)
    // This program ignores it: a pager that ends early would leave others writing for ever.
    sigaddset(&usual, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &usual)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    let words: [String] = ["sh", "-c", command]
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    return posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environ) == 0 ? child : nil
  }
}
