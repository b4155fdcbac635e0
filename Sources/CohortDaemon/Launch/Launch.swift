import ArgumentParser
import CohortActions
import CohortCore
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
        SystemCall.end(0)
      }
      options = command.options
    } catch {
      // Help, version and completions come as errors that are none.
      let isAnswer = Cohortd.exitCode(for: error) == .success
      SystemCall.put(Cohortd.fullMessage(for: error) + "\n", on: isAnswer ? STDOUT_FILENO : STDERR_FILENO)
      SystemCall.end(isAnswer ? 0 : 2)
    }
    SystemCall.end(run(options))
  }

  private static func run(_ options: DaemonOptions) -> Int32 {
    let (configuration, mistakes) = options.configuration()
    if options.check {
      let check = ConfigurationCheck(configuration, mistakes, file: options.config)
      SystemCall.put(options.json ? JSONText.string(check.json) + "\n" : check.text, on: STDOUT_FILENO)
      return check.exitCode
    }
    guard let worst = mistakes.first(where: { $0.category == .usage }) ?? mistakes.first else {
      if options.printConfig {
        SystemCall.put(configuration.toml, on: STDOUT_FILENO)
        return 0
      }
      let isSupervisor = options.child == nil && configuration.stores.count > 1
      return isSupervisor
        ? Supervision(options, configuration).run() : Daemon(options, configuration).run()
    }
    for mistake in mistakes { SystemCall.put(ConfigurationCheck.text(of: mistake), on: STDERR_FILENO) }
    return worst.category.exitCode
  }
}
