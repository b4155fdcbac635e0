import CohortSystem
import Foundation

/// Which program shows what is longer than the screen, and how much fits on that.
struct PagerCommand {
  /// What a terminal shows at once.
  struct Screen {
    let rows: Int
    let columns: Int

    /// Of the terminal behind a descriptor; 24 rows of 80 columns where it does not say.
    init(descriptor: Int32) {
      var size = winsize()
      let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_row > 0 && size.ws_col > 0
      (rows, columns) = isKnown ? (Int(size.ws_row), Int(size.ws_col)) : (24, 80)
    }

    /// Lines of a text, those counted that the terminal makes of long ones.
    func lines(of text: [UInt8]) -> Int {
      text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).reduce(-1) {
        $0 + 1 + max($1.count - 1, 0) / (4 * columns)
      }
    }
  }

  /// A command for the shell.
  let command: String

  private init(_ command: String) { self.command = command }

  /// `PAGER`; else the first of some programs that there is.
  /// - Parameter others: each with its arguments.
  /// - Returns: nil where there is no pager, or none is wanted.
  static func chosen(_ environment: (String) -> String?, else others: [String]) -> PagerCommand? {
    if let wanted = environment("PAGER") {
      return wanted.allSatisfy(\.isWhitespace) || wanted == "cat" ? nil : PagerCommand(wanted)
    }
    let folders = (environment("PATH") ?? "/usr/bin:/bin").split(separator: ":")
    return others.first { other in
      let program = other.prefix { $0 != " " }
      return folders.contains { access("\($0)/\(program)", X_OK) == 0 }
    }.map { PagerCommand($0) }
  }

  /// For rows: without breaking lines.
  static func forRows(_ environment: (String) -> String?) -> PagerCommand? { chosen(environment, else: ["less -S"]) }

  /// For texts.
  static func forTexts(_ environment: (String) -> String?) -> PagerCommand? {
    chosen(environment, else: ["less", "more"])
  }

  /// The program `man`, which takes manual pages, breaks their lines and pages.
  static func forManual(_ environment: (String) -> String?) -> PagerCommand? {
    chosen({ $0 == "PAGER" ? nil : environment($0) }, else: ["man -l -"])
  }

  /// The terminal as it is now: windows change.
  var screen: Screen { Screen(descriptor: STDOUT_FILENO) }

  /// Gives it a text, on this terminal, and waits for its end.
  /// - Returns: false where it could not be run; then the text is to be printed.
  func show(_ text: String) -> Bool {
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

/// A pager that runs: it shows what is written to `input`.
final class Pager {
  /// Takes the text; a pipe.
  let input: Int32
  private var child: pid_t = 0
  private var isOpen = true

  /// - Parameter command: for the shell.
  /// - Throws: where no process or pipe can be had.
  init(_ command: String) throws(Errno) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .last }
    input = ends[1]
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
    // What this program ignores, others do not expect to be ignored.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    let words: [String] = ["sh", "-c", command]
    let arguments = words.map { strdup($0) } + [nil]
    let environment = ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for string in arguments + environment { free(string) } }
    let failure = posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environment)
    SystemCall.close(ends[0])
    guard failure == 0 else {
      SystemCall.close(ends[1])
      isOpen = false
      throw Errno(failure)
    }
  }

  deinit { finish() }

  /// Ends the text, and waits until the person has seen enough.
  /// - Returns: the command's status as `wait` gives it; nil where there is none.
  @discardableResult
  func finish() -> Int32? {
    guard isOpen else { return nil }
    isOpen = false
    SystemCall.close(input)
    return try? SystemCall.wait(for: child)
  }
}
