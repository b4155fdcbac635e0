import CohortCore

extension ErrorCode {
  static let cliChild = ErrorCode(.cli, "child", .failure)
  static let cliConfigKey = ErrorCode(.cli, "config-key", .usage)
  static let cliConfigSize = ErrorCode(.cli, "config-size", .usage)
  static let cliConfigSyntax = ErrorCode(.cli, "config-syntax", .usage)
  static let cliConfigUnreadable = ErrorCode(.cli, "config-unreadable", .usage)
  static let cliConfigValue = ErrorCode(.cli, "config-value", .usage)
  static let cliDamaged = ErrorCode(.cli, "damaged", .corruption)
  static let cliInterrupted = ErrorCode(.cli, "interrupted", .interrupted)
  static let cliMissingCommand = ErrorCode(.cli, "missing-command", .usage)
  static let cliNoSuchStep = ErrorCode(.cli, "no-such-step", .notFound)
  static let cliNotReplayed = ErrorCode(.cli, "not-replayed", .corruption)
  static let cliOutput = ErrorCode(.cli, "output", .failure)
  static let cliRunExists = ErrorCode(.cli, "run-exists", .usage)
  static let cliUnexpected = ErrorCode(.cli, "unexpected", .failure)
  static let cliUnknownCommand = ErrorCode(.cli, "unknown-command", .usage)
  static let cliUnknownEncoder = ErrorCode(.cli, "unknown-encoder", .notFound)
  static let cliUnknownSample = ErrorCode(.cli, "unknown-sample", .notFound)
  static let cliUsage = ErrorCode(.cli, "usage", .usage)
}

extension CohortError {
  /// Arguments that make no sense together.
  static func usage(_ message: String, hint: String? = nil) -> CohortError {
    CohortError(.cliUsage, message, hint: hint)
  }

}

/// Standard output was closed by its reader. Not a failure: the command ends quietly, as SIGPIPE would end it.
struct OutputClosed: Error {}
