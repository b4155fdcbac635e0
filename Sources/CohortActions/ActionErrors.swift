package import CohortCore

extension ErrorCode {
  package static let cliArgument = ErrorCode(.cli, "argument", .usage)
  package static let cliDamaged = ErrorCode(.cli, "damaged", .corruption)
  package static let cliNoSuchStep = ErrorCode(.cli, "no-such-step", .notFound)
  package static let cliNotReplayed = ErrorCode(
    .cli, "not-replayed", .corruption, hint: "Restore the last backup, or drop the grouping and create it again")
  package static let cliMalformedBody = ErrorCode(.cli, "malformed-body", .usage)
  package static let cliLayoutFile = ErrorCode(.cli, "layout-file", .usage)
  package static let cliRunExists = ErrorCode(.cli, "run-exists", .usage)
  package static let cliGivenFile = ErrorCode(.cli, "given-file", .failure)
  package static let cliInterrupted = ErrorCode(.cli, "interrupted", .interrupted)
  package static let cliUnknownEncoder = ErrorCode(.cli, "unknown-encoder", .notFound)
  package static let cliUnknownSample = ErrorCode(.cli, "unknown-sample", .notFound)
  package static let cliUsage = ErrorCode(.cli, "usage", .usage)
}

extension CohortError {
  /// A named value of a request that the verb does not take, or not so.
  /// - Parameter name: the parameter's, which is where to look.
  static func argument(_ name: String, _ message: String, hint: String? = nil) -> CohortError {
    CohortError(.cliArgument, message, place: name, hint: hint)
  }

  /// A request that makes no sense.
  package static func usage(_ message: String, hint: String? = nil) -> CohortError {
    CohortError(.cliUsage, message, hint: hint)
  }
}
