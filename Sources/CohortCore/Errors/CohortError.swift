/// The error of all modules: what happened, where, why, and what to do about it.
///
/// Everything that a file, a socket or a user can cause is reported this way; preconditions are for programmer errors only.
public struct CohortError: Error, Hashable, CustomStringConvertible {
  /// What programs compare; never the text.
  public var code: ErrorCode
  /// What a caller can do about it, and with it the exit code. The code's own, unless this error says otherwise.
  public var category: ErrorCategory
  /// One sentence: what happened.
  public var message: String
  /// Path, line, table and key, or id. Nil when there is no such place.
  public var place: String?
  /// Why: the underlying error's own words.
  public var cause: String?
  /// What the user can do.
  public var hint: String?

  /// An error with its own words; category and hint come from the code unless they are given.
  /// - Parameters:
  ///   - category: nil for the code's.
  ///   - hint: nil for the code's.
  public init(
    _ code: ErrorCode, category: ErrorCategory? = nil, _ message: String, place: String? = nil, cause: String? = nil,
    hint: String? = nil
  ) {
    self.code = code
    self.category = category ?? code.category
    self.message = message
    self.place = place
    self.cause = cause
    self.hint = hint ?? code.hint
  }

  /// Any error: as it is if it is one of ours, else with its own words as the cause.
  /// - Parameter code: for errors of others.
  public init(describing error: any Error, as code: ErrorCode) {
    self = error as? CohortError ?? CohortError(code, "Something unexpected failed", cause: String(describing: error))
  }

  public var description: String {
    var text = message
    if let place { text += " (\(place))" }
    if let cause { text += ": \(cause)" }
    if let hint { text += ". \(hint)" }
    return text
  }
}

// MARK: Bytes and text that do not follow their format

extension ErrorCode {
  /// Bytes that end before the value they promise.
  public static let coreTruncated = ErrorCode(.core, "truncated", .corruption)
  /// Bytes or text that hold a value their format does not allow.
  public static let coreInvalid = ErrorCode(.core, "invalid", .corruption)
}

extension CohortError {
  /// Bytes that end before the value they promise.
  public static func truncated(_ what: String, at offset: Int) -> CohortError {
    CohortError(.coreTruncated, "\(what) ends too early", place: "byte \(offset)")
  }

  /// Bytes that hold a value their format does not allow.
  public static func invalid(_ what: String, at offset: Int? = nil, cause: String? = nil) -> CohortError {
    CohortError(.coreInvalid, "\(what) is not valid", place: offset.map { "byte \($0)" }, cause: cause)
  }

  /// Whether it says that bytes do not follow their format, and does not say yet whose bytes they are.
  public var isFormat: Bool { code == .coreTruncated || code == .coreInvalid }
}
