import CohortCore

/// The error of the command line itself: arguments, configuration files, output that cannot be written.
struct CommandError: DescribedError {
  var code: String
  var category: ErrorCategory
  var message: String
  var place: String?
  var cause: String?
  var hint: String?

  init(
    _ code: String, category: ErrorCategory, _ message: String, place: String? = nil, cause: String? = nil,
    hint: String? = nil
  ) {
    self.code = code
    self.category = category
    self.message = message
    self.place = place
    self.cause = cause
    self.hint = hint
  }

  /// Arguments that make no sense together.
  static func usage(_ message: String, hint: String? = nil) -> CommandError {
    CommandError("cli.usage", category: .usage, message, hint: hint)
  }

  /// A name that nothing in the store has, with the closest one that something has.
  static func unknown(_ kind: String, _ name: String, among names: [String], code: String? = nil) -> CommandError {
    // Codes have hyphens.
    let words = kind.replacing("-", with: " ")
    let hint: String
    if let close = Suggestion.closest(to: name, among: names) {
      hint = "Did you mean '\(close)'?"
    } else if names.isEmpty {
      hint = "The store has no \(words) yet"
    } else {
      let shown = names.prefix(10).map { "'\($0)'" }.joined(separator: ", ")
      hint = "There are: \(shown)\(names.count > 10 ? " and \(names.count - 10) more" : "")"
    }
    return CommandError(
      code ?? "cli.unknown-\(kind)", category: .notFound, "There is no \(words) named '\(name)'", hint: hint)
  }
}

/// Standard output was closed by its reader. Not a failure: the command ends quietly, as SIGPIPE would end it.
struct OutputClosed: Error {}
