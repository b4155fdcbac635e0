import CohortCore

extension ErrorCode {
  static let cliChild = ErrorCode(.cli, "child", .failure)
  static let cliConfigKey = ErrorCode(.cli, "config-key", .usage)
  static let cliConfigSize = ErrorCode(.cli, "config-size", .usage)
  static let cliConfigEdit = ErrorCode(.cli, "config-edit", .failure)
  static let cliConfigSyntax = ErrorCode(.cli, "config-syntax", .usage)
  static let cliConfigUnreadable = ErrorCode(.cli, "config-unreadable", .usage)
  static let cliConfigValue = ErrorCode(.cli, "config-value", .usage)
  static let cliInput = ErrorCode(.cli, "input", .failure)
  static let cliMissingCommand = ErrorCode(.cli, "missing-command", .usage)
  static let cliOutput = ErrorCode(.cli, "output", .failure)
  static let cliUnexpected = ErrorCode(.cli, "unexpected", .failure)
  static let cliUnknownCommand = ErrorCode(.cli, "unknown-command", .usage)
}

/// Standard output was closed by its reader. Not a failure: the command ends quietly, as SIGPIPE would end it.
struct OutputClosed: Error {}
