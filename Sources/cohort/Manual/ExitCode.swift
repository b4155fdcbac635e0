/// An exit code of a program, as its manual page explains it.
struct ExitCode {
  let code: String
  let meaning: String

  private init(_ code: String, _ meaning: String) { (self.code, self.meaning) = (code, meaning) }

  /// Those of `cohort`.
  static let command = [
    ExitCode("0", "Done."), ExitCode("1", "Failure."), ExitCode("2", "Usage error."), ExitCode("3", "Not found."),
    ExitCode("4", "Corruption."), ExitCode("5", "The daemon or a server cannot be reached."),
    ExitCode("6", "Done, but some records were quarantined, or texts refused."),
    ExitCode("75", "Try again: the store is in use, the disk is full, or a server is busy."),
    ExitCode("130", "Interrupted."),
  ]

  /// Those of `cohortd`.
  static let daemon = [
    ExitCode("0", "Ended by a signal; with --once: done; with --check: fine."),
    ExitCode("1", "Failure; with --once also: a file could not be read."),
    ExitCode("2", "Flags or a configuration that make no sense."), ExitCode("3", "No such store or file."),
    ExitCode("4", "A store is damaged."), ExitCode("6", "With --once: done, but some records were quarantined."),
    ExitCode("75", "Try again: another process owns a store, or the disk is full."),
    ExitCode("130", "A second SIGINT ended it at once; 143 for SIGTERM."),
  ]
}
