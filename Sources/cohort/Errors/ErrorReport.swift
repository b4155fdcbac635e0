import CohortActions
import CohortCore

/// How an error is told: labelled lines for people on standard error, and with `--json` one object for programs as the
/// last line of standard output. A command that has a result as well puts both into that object.
struct ErrorReport {
  let error: CohortError
  /// What the command did before, for programs.
  private let result: ReportRecord
  /// Text that follows the error for people only: the usage line of a command.
  var usage: String?

  /// Any error; one that is not Cohort's becomes `cli.unexpected` with its own words as the cause.
  init(_ error: any Error, usage: String? = nil) {
    let reported = error as? ReportedFailure
    self.error =
      reported?.error ?? CohortError(describing: error, as: .cliUnexpected)
    result = reported?.result ?? [:]
    self.usage = usage
  }

  /// ```
  /// error: The store cannot be opened
  ///   where: ./cohort
  ///   why:   No such file or directory
  ///   do:    Run 'cohort init'
  /// ```
  func text(color: Bool) -> String {
    let (red, plain) = color ? ("\u{1b}[1;31m", "\u{1b}[0m") : ("", "")
    var lines = ["\(red)error:\(plain) \(TerminalText.block(error.message))"]
    if let place = error.place { lines.append("  where: \(TerminalText.line(place))") }
    if let cause = error.cause { lines.append("  why:   \(TerminalText.line(cause))") }
    if let hint = error.hint { lines.append("  do:    \(TerminalText.line(hint))") }
    if let usage { lines.append(TerminalText.block(usage)) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `{"error":{"code":…,"category":…,"message":…,"place":…,"cause":…,"hint":…}}`, behind the result's fields if there
  /// are any.
  var json: ReportValue {
    let fields: ReportRecord = [
      "code": .text(error.code.name), "category": .text(error.category.rawValue), "message": .text(error.message),
      "place": .optional(error.place), "cause": .optional(error.cause), "hint": .optional(error.hint),
      "exit_code": .integer(Int64(error.category.exitCode)),
    ]
    var record = result
    record.append("error", .record(fields))
    return .record(record)
  }
}
