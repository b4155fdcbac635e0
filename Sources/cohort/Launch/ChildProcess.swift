import CohortCore
import CohortSystem
import Foundation

/// This program once more, in a process of its own, on the same terminal or pipes.
enum ChildProcess {
  /// How it ended.
  enum Ending {
    case exited(Int32)
    case signaled(Int32)
  }

  private static let parentVariable = "COHORT_PARENT"

  /// In the process that `runSelf` started: from now on it does not outlive the one that waits for it, and keeps no lock
  /// after it. What it has not committed is undone.
  static func endWithParent() {
    guard let parent = ProcessInfo.processInfo.environment[parentVariable].flatMap({ pid_t($0) }) else { return }
    unsetenv(parentVariable)
    ParentProcess.dieWith(parent)
  }

  /// Runs the program with the arguments of this run and some more, and waits for it. Control-C reaches both: the child
  /// decides, and this process reports how it ended.
  static func runSelf(adding arguments: [String]) throws -> Ending {
    #if os(Linux)
      let path = "/proc/self/exe"
    #else
      let path = CommandLine.arguments.first ?? "cohort"
    #endif
    Interruption.cooperate()
    let strings = (CommandLine.arguments + arguments).map { strdup($0) } + [nil]
    var variables = ProcessInfo.processInfo.environment
    variables[parentVariable] = "\(getpid())"
    let environment = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for string in strings + environment { free(string) } }
    var child: pid_t = 0
    let failure = posix_spawn(&child, path, nil, nil, strings, environment)
    guard failure == 0 else {
      throw CohortError(
        .cliChild, "A process of its own could not be started", place: path, cause: Errno(failure).text)
    }
    let status = try Interruption.following(child) {
      try CohortError.describing({
        CohortError(.cliChild, "The process could not be waited for", cause: $0.text)
      }) { () throws(Errno) in try SystemCall.wait(for: child) }
    }
    // WIFEXITED and the like are macros.
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .signaled(signal)
  }
}
