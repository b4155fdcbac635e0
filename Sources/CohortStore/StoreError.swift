public import CohortCore

/// What went wrong in a store: where, why, and what to do.
public struct StoreError: DescribedError {
  public var code: String
  public var category: ErrorCategory
  public var message: String
  public var place: String?
  public var cause: String?
  public var hint: String?

  public init(
    code: String, category: ErrorCategory, message: String, place: String? = nil, cause: String? = nil,
    hint: String? = nil
  ) {
    self.code = "store.\(code)"
    self.category = category
    self.message = message
    self.place = place
    self.cause = cause
    self.hint = hint
  }

  /// Bytes that do not match their checksum or their layout.
  static func corrupted(_ what: String, cause: String) -> StoreError {
    StoreError(
      code: "corrupted", category: .corruption, message: "\(what) is damaged", cause: cause,
      hint: "Run cohort verify for all damaged places, and restore the last backup")
  }

  /// A value that must be there.
  static func missing(_ what: String) -> StoreError { corrupted(what, cause: "it is missing") }

  /// A name that the store does not know; `known` are those it does, for "did you mean".
  public static func unknown(_ kind: String, _ name: String, known: [String]) -> StoreError {
    let list = known.sorted().prefix(12).joined(separator: ", ")
    return StoreError(
      code: "unknown-\(kind)", category: .notFound, message: "There is no \(words(kind)) named \"\(name)\"",
      hint: known.isEmpty ? "The store has no \(words(kind)) yet" : "Known: \(list)\(known.count > 12 ? ", …" : "")")
  }

  static func exists(_ kind: String, _ name: String) -> StoreError {
    let isVowel = kind.first.map { "aeiou".contains($0) } ?? false
    let article = isVowel ? "an" : "a"
    return StoreError(
      code: "\(kind)-exists", category: .usage,
      message: "There is already \(article) \(words(kind)) named \"\(name)\"",
      hint: "Choose another name, or drop the old one first")
  }

  /// A kind of thing as people say it: codes have hyphens.
  private static func words(_ kind: String) -> String { String(kind.map { $0 == "-" ? " " : $0 }) }
}
