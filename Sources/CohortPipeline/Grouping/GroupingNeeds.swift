internal import CohortCore
public import CohortStore

/// What must be up to date before a grouping can be, by name.
public struct GroupingNeeds: Hashable, Sendable {
  /// Embedding spaces in which all samples must be embedded.
  public var spaces: Set<String> = []
  /// Length measures by which all samples must be measured.
  public var measures: Set<String> = []

  /// Nothing: groups follow from the samples as they are ingested.
  public init() {}
}

extension [GroupingRecord] {
  /// The embedding spaces and length measures that a grouping and its factors are computed from; none for a name that is
  /// not among these groupings.
  public func needs(of name: String) -> GroupingNeeds {
    guard let definition = first(where: { $0.name == name })?.definition else { return GroupingNeeds() }
    var needs = GroupingNeeds()
    if let space = definition.space { needs.spaces.insert(space) }
    if let measure = definition.measure { needs.measures.insert(measure) }
    for factor in definition.factors {
      let more = self.needs(of: factor)
      needs.spaces.formUnion(more.spaces)
      needs.measures.formUnion(more.measures)
    }
    return needs
  }
}
