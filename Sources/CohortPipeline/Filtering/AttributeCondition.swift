internal import CohortCore

/// What the text of one attribute must be, or must not be. Texts are those that groupings by attribute give their groups:
/// strings as they are, numbers and truth values as JSON writes them, anything nested as JSON with sorted keys.
public struct AttributeCondition: Hashable, Sendable {
  /// The attribute's key. `a.b` is the attribute of that name, or else the member `b` of the object `a`.
  public var key: String
  /// The text to compare with, letter by letter.
  public var value: String
  /// Whether the condition holds for samples with another text, and for those without the attribute.
  public var isNegated: Bool

  public init(key: String, value: String, isNegated: Bool = false) {
    self.key = key
    self.value = value
    self.isNegated = isNegated
  }

  /// Reads `KEY=VALUE` or `KEY!=VALUE`. The first sign of equality counts, so a value may hold others.
  /// - Throws: `pipeline.condition` for a text without a key or without a sign of equality.
  public init(parsing text: String) throws {
    guard let sign = text.firstIndex(of: "=") else { throw CohortError.noCondition(text) }
    var key = text[..<sign]
    isNegated = key.last == "!"
    if isNegated { key.removeLast() }
    guard !key.isEmpty else { throw CohortError.noCondition(text) }
    self.key = String(key)
    value = String(text[text.index(after: sign)...])
  }

  /// - Parameter text: that of the attribute; nil when it is missing or null.
  func holds(for text: String?) -> Bool { (text == value) != isNegated }
}

extension CohortError {
  fileprivate static func noCondition(_ text: String) -> CohortError {
    CohortError(
      .pipelineCondition, "'\(text)' is no condition", hint: "Write it as KEY=VALUE, or KEY!=VALUE for all others")
  }
}
