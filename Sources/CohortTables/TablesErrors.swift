package import CohortCore

extension ErrorCode {
  /// A value that a table or a function cannot do anything with.
  package static let tablesArgument = ErrorCode(.tables, "argument", .usage)
  /// A table that gives nothing without a condition on some column.
  package static let tablesRequired = ErrorCode(.tables, "required", .usage)
  /// What another door has, or a store of another kind.
  package static let tablesNotHere = ErrorCode(.tables, "not-here", .usage)
  /// SQLite refused to add a table or a function.
  package static let tablesRefused = ErrorCode(.tables, "refused", .failure)
  package static let tablesUnexpected = ErrorCode(.tables, "unexpected", .failure)
}

extension CohortError {
  /// A value that a column or a function cannot take.
  static func argument(_ name: String, _ cause: String, hint: String? = nil) -> CohortError {
    CohortError(.tablesArgument, "The argument \(name) is not usable", place: name, cause: cause, hint: hint)
  }
}

/// Ends work that nobody wants any more. Never shown: whoever stopped the work knows why.
struct Stopped: Error {}
