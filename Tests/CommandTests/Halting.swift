import CohortTesting
import Foundation

/// Stops a process by SIGSTOP and waits until each of its threads stands still: on a busy machine one may run on for a while.
func halt(_ process: pid_t) throws {
  kill(process, SIGSTOP)
  let tasks = "/proc/\(process)/task"
  _ = try isReached(every: 0.001) {
    try FileManager.default.contentsOfDirectory(atPath: tasks).allSatisfy { thread in
      let line = (try? String(contentsOfFile: "\(tasks)/\(thread)/stat", encoding: .utf8)) ?? ") T"
      // Behind the name, which may hold anything.
      return line[(line.lastIndex(of: ")") ?? line.startIndex)...].dropFirst(2).first == "T"
    }
  }
}
