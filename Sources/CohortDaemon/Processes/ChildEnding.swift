import CohortSystem

/// How the process of a store ended.
enum ChildEnding: Hashable, Sendable {
  case exited(Int32)
  case signalled(Int32)

  /// - Parameter status: as `waitpid` gives it.
  init(status: Int32) {
    // WIFEXITED and the like are macros.
    let signal = status & 0x7f
    self = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
  }

  /// What a shell would show for it.
  var exitCode: Int32 {
    switch self {
    case .exited(let code): code
    case .signalled(let number): 128 + number
    }
  }

  /// Whether the process fell over its own feet: a page that is not there, a jump into nowhere, an assertion. Whoever
  /// kills a process from outside uses other signals.
  var isCrash: Bool {
    switch self {
    case .exited: false
    case .signalled(let number): [SIGBUS, SIGSEGV, SIGABRT, SIGILL, SIGTRAP, SIGFPE].contains(number)
    }
  }

  /// The ending in words: `exit code 3`, `SIGBUS`.
  var text: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .signalled(let number): Self.names[number] ?? "signal \(number)"
    }
  }

  private static let names: [Int32: String] = [
    SIGBUS: "SIGBUS", SIGSEGV: "SIGSEGV", SIGABRT: "SIGABRT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGFPE: "SIGFPE",
    SIGKILL: "SIGKILL", SIGTERM: "SIGTERM", SIGINT: "SIGINT", SIGHUP: "SIGHUP", SIGQUIT: "SIGQUIT",
  ]
}
