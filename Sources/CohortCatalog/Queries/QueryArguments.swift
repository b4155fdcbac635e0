internal import CohortCore

/// Values for the parameters of a statement: by their order, or by their names.
public enum QueryArguments: Hashable, Sendable, ExpressibleByArrayLiteral {
  /// For `?`, in order.
  case ordered([CatalogValue])
  /// For `:name`, `@name` and `$name`, without the sign.
  case named([String: CatalogValue])

  public init(arrayLiteral elements: CatalogValue...) { self = .ordered(elements) }

  /// One value a parameter.
  /// - Parameter parameters: the names of the statement's parameters; nil for those without one.
  /// - Throws: `catalog.arguments` unless there is a value for each, and a parameter for each value.
  func values(for parameters: [String?]) throws -> [CatalogValue] {
    switch self {
    case .ordered(let values):
      guard values.count == parameters.count else {
        throw CohortError(
          .catalogArguments, "The statement has \(parameters.count) parameters, and \(values.count) values were given")
      }
      return values
    case .named(let values):
      let known = parameters.compactMap(\.self)
      if let unknown = values.keys.sorted().first(where: { !known.contains($0) }) {
        let close = Suggestion.closest(to: unknown, among: known)
        throw CohortError(
          .catalogArguments, "The statement has no parameter :\(unknown)",
          hint: close.map { "Did you mean :\($0)?" }
            ?? (known.isEmpty ? "It has none" : "It has \(known.map { ":\($0)" }.joined(separator: ", "))"))
      }
      return try parameters.map { name in
        guard let name else {
          throw CohortError(
            .catalogArguments, "The statement has a parameter without a name", hint: "Write :name in place of ?")
        }
        guard let value = values[name] else {
          throw CohortError(.catalogArguments, "The statement needs a value for :\(name)")
        }
        return value
      }
    }
  }
}
