import ArgumentParser
import CohortSystem

/// The daemon as a program: all that `cohortd` is, and what `cohort` is under that name.
package enum DaemonProgram {
  package static let name = "cohortd"

  /// Whether this process was started as the daemon, by the name that it was given: its file may have another one.
  package static var isMeant: Bool {
    let called = CommandLine.arguments.first ?? ""
    return called[(called.lastIndex(of: "/").map { called.index(after: $0) } ?? called.startIndex)...] == name
  }

  /// Takes the arguments of this process, runs, and ends it.
  package static func main() -> Never {
    #if os(Linux)
      // The system's lists name a process after its file, unless it says otherwise.
      let list = open("/proc/self/comm", O_WRONLY | O_CLOEXEC)
      if list >= 0 {
        SystemCall.put(name, on: list)
        SystemCall.close(list)
      }
    #endif
    Launch.end()
  }

  /// What the daemon says of its arguments to other programs: JSON of the argument parser.
  package static var help: String { Cohortd._dumpHelp() }
}
