internal import CohortCore
public import CohortStore

/// Brings groupings in step with the log.
public enum UpdateJob {
  /// Updates all groupings of a store, in the order of their creation, or only the one named; the factors of a product
  /// come before it.
  /// - Throws: `pipeline.interrupted` between rounds when the control says so; all rounds before are kept.
  public static func run(
    _ store: Store, grouping only: String? = nil, control: JobControl = JobControl()
  ) throws -> [GroupingUpdate] {
    let groupings = try store.read { try $0.groupings() }
    var names = only.map { [$0] } ?? groupings.map(\.name)
    if let only,
      case .product(let first, let second, _)? = groupings.first(where: { $0.name == only })?.definition.criterion
    {
      names = [first, second, only]
    }
    return try names.map { try follower(of: $0, in: store).update(control) }
  }

  /// What keeps a grouping up to date, with the state that is stored.
  /// - Throws: `store.unknown-grouping`; `clustering.damaged-state`.
  public static func follower(of name: String, in store: Store) throws -> any Follower {
    if let record = try store.read({ try $0.grouping(named: name) }), case .product = record.definition.criterion {
      return try ProductFollower(store, record)
    }
    return try GroupingFollower(store, grouping: name)
  }
}
