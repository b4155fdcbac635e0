public import CohortCore

/// The error of the embedding modules: a model that cannot be read, or a server that does not give vectors.
public struct EmbeddingError: DescribedError {
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
    self.code = "embedding." + code
    self.category = category
    self.message = message
    self.place = place
    self.cause = cause
    self.hint = hint
  }
}
