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
  /// Every length measure and every grouping, by the vectors that are there: for whoever has vectors made beside it.
  case lengthsAndGroupings
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
      let needs = names.map { groupings.needs(of: $0) }
      spaces.removeAll { space in !needs.contains { $0.spaces.contains(space.name) } }
      measures.removeAll { measure in !needs.contains { $0.measures.contains(measure.name) } }
    case .vectors(let name):
      if let name, !spaces.contains(where: { $0.name == name }) {
        throw CohortError.unknown("embedding-space", name, known: spaces.map(\.name))
      }
      spaces.removeAll { name ?? $0.name != $0.name }
      (measures, groupings) = ([], [])
    case .lengthsAndGroupings: spaces = []
    }
    spaces.removeAll(where: \.isGiven)
  }

  /// A grouping, and the factors that it is made from.
  private static func withFactors(_ name: String, among groupings: [GroupingRecord]) -> Set<String> {
    let factors = groupings.first { $0.name == name }?.definition.factors ?? []
    return factors.reduce(into: [name]) { $0.formUnion(withFactors($1, among: groupings)) }
  }
}
