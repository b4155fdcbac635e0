import ArgumentParser
import CohortSystem

/// From arguments to exit code.
enum Launch {
  /// Parses, runs and ends the process.
  static func end() -> Never {
    let options: DaemonOptions
    do {
      var parsed = try Cohortd.parseAsRoot()
      guard let command = parsed as? Cohortd else {
        try parsed.run()
        exit(0)
      }
      options = command.options
    } catch {
      // Help, version and completions come as errors that are none.
      let isAnswer = Cohortd.exitCode(for: error) == .success
      SystemCall.put(Cohortd.fullMessage(for: error) + "\n", on: isAnswer ? STDOUT_FILENO : STDERR_FILENO)
      exit(isAnswer ? 0 : 2)
    }
    exit(Daemon(options).run())
  }
}
