internal import CohortCore

extension ErrorCode {
  /// A value that a function cannot do anything with: no pointer, a negative count.
  static let libraryArgument = ErrorCode(.library, "argument", .usage)
  /// What the caller has room for does not suffice.
  static let libraryNoRoom = ErrorCode(.library, "no-room", .usage)
  /// A reader of the process that this one was forked from.
  static let libraryForkedReader = ErrorCode(
    .library, "forked-reader", .usage, hint: "Open the reader in the process that reads")
  static let libraryNoMemory = ErrorCode(.library, "no-memory", .temporary)
  /// Errors of others: there should be none.
  static let libraryUnexpected = ErrorCode(.library, "unexpected", .failure)
}

extension CohortError {
  static func argument(_ name: String, _ cause: String) -> CohortError {
    CohortError(.libraryArgument, "The argument \(name) is not usable", place: name, cause: cause)
  }
}
