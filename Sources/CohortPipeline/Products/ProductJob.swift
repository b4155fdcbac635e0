internal import CohortCore
public import CohortStore

/// Makes products of two groupings.
public enum ProductJob {
  /// The least size of a cell when nobody says otherwise: a batch of 32 of one cell can be filled.
  public static let usualMinimum = 32

  /// Creates the grouping whose groups are the cells of two others.
  /// - Parameters:
  ///   - factors: `A*B`, the names of two groupings of the store.
  ///   - minimum: cells of fewer samples are folded into the rest of their part of A.
  /// - Throws: `pipeline.product` when a factor is missing, twice the same, or a product itself; `store.grouping-exists`.
  public static func create(
    _ store: Store, name: String, factors: String, minimum: Int = usualMinimum
  ) throws -> GroupingRecord {
    try draft(store, factors: factors, minimum: minimum).create(in: store, name: name)
  }

  static func draft(_ store: Store, factors: String, minimum: Int) throws -> GroupingDraft {
    let groupings = try store.read { try $0.groupings() }
    let (first, second) = try Self.factors(factors, among: groupings.map(\.name))
    guard first != second else { throw refusal("A grouping has no product with itself", factors) }
    for factor in groupings where factor.name == first || factor.name == second {
      guard !factor.definition.factors.isEmpty else { continue }
      throw refusal("Grouping \"\(factor.name)\" is a product, and cannot be a factor of another", factors)
    }
    return GroupingDraft(GroupingDefinition(criterion: .product(first, second, minimum: minimum)))
  }

  /// The two names; a name may hold stars itself, so the groupings decide where to part them.
  private static func factors(_ text: String, among names: [String]) throws -> (String, String) {
    let parts = text.indices.filter { text[$0] == "*" }.map {
      (String(text[..<$0]), String(text[text.index(after: $0)...]))
    }
    let known = parts.filter { names.contains($0.0) && names.contains($0.1) }
    if known.count > 1 {
      throw refusal(
        "The names can be parted in \(known.count) ways", text, hint: "Give one of the groupings another name")
    }
    if let found = known.first { return found }
    guard let closest = parts.first(where: { names.contains($0.0) || names.contains($0.1) }) ?? parts.first else {
      throw refusal("A product has two factors", text, hint: "Write A*B with the names of two groupings")
    }
    throw CohortError.unknown(
      "grouping", names.contains(closest.0) ? closest.1 : closest.0, known: names)
  }

  private static func refusal(_ message: String, _ factors: String, hint: String? = nil) -> CohortError {
    CohortError(.pipelineProduct, message, place: factors, hint: hint)
  }
}
