internal import CohortPipeline
internal import CohortCore
internal import CohortStore

/// What shall be brought up to date.
public enum UpdateScope: Hashable, Sendable {
  /// Every space that has an encoder, every length measure, every grouping.
  case everything
  /// These groupings, with the factors of products, and the spaces and measures that they need. Nothing else is looked
  /// at: a server or a tokenizer that they do not need may be gone.
  case groupings([String])
  /// Only the vectors of one space; nil for all spaces.
  case vectors(space: String?)
}

/// What an update has to do, by name.
struct UpdateNeeds {
  private(set) var spaces: [EmbeddingSpace]
  private(set) var measures: [LengthMeasure]
  /// In the order of their creation, so that factors come before their products.
  private(set) var groupings: [GroupingRecord]

  /// - Throws: `store.unknown-grouping`, `store.unknown-embedding-space`.
  init(_ scope: UpdateScope, _ transaction: borrowing ReadTransaction) throws {
    spaces = try transaction.spaces()
    measures = try transaction.measures()
    groupings = try transaction.groupings()
    switch scope {
    case .everything: break
    case .groupings(let names):
      for name in names where !groupings.contains(where: { $0.name == name }) {
        throw CohortError.unknown("grouping", name, known: groupings.map(\.name))
      }
      let wanted = names.reduce(into: Set<String>()) { $0.formUnion(Self.withFactors($1, among: groupings)) }
      groupings.removeAll { !wanted.contains($0.name) }
      let definitions = groupings.map(\.definition)
      spaces.removeAll { space in !definitions.contains { $0.space == space.name } }
      measures.removeAll { measure in !definitions.contains { $0.measure == measure.name } }
    case .vectors(let name):
      if let name, !spaces.contains(where: { $0.name == name }) {
        throw CohortError.unknown("embedding-space", name, known: spaces.map(\.name))
      }
      spaces.removeAll { name ?? $0.name != $0.name }
      (measures, groupings) = ([], [])
    }
    spaces.removeAll(where: \.isGiven)
  }

  /// A grouping, and the factors of a product.
  static func withFactors(_ name: String, among groupings: [GroupingRecord]) -> Set<String> {
    guard case .product(let first, let second, _)? = groupings.first(where: { $0.name == name })?.definition.criterion
    else { return [name] }
    return withFactors(first, among: groupings).union(withFactors(second, among: groupings)).union([name])
  }

  /// The names of the groupings that need one of some spaces or measures, be it through a factor.
  static func groupings(
    needing spaces: Set<String>, _ measures: Set<String>, among groupings: [GroupingRecord]
  ) -> [String] {
    groupings.map(\.name).filter { name in
      let needed = withFactors(name, among: groupings)
      return groupings.contains { grouping in
        needed.contains(grouping.name)
          && (grouping.definition.space.map(spaces.contains) ?? false
            || grouping.definition.measure.map(measures.contains) ?? false)
      }
    }
  }
}
