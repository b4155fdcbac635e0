internal import CohortClustering
internal import CohortCore
public import CohortStore

/// Brings groupings in step with the log.
public enum UpdateJob {
  /// Updates all groupings of a store, in the order of their creation, or only the one named; the factors of a product
  /// come before it. Trouble with one of them is thrown at the end, when the others are up to date.
  /// - Throws: `pipeline.interrupted` between rounds when the control says so; all rounds before are kept.
  public static func run(
    _ store: Store, grouping only: String? = nil, control: JobControl = JobControl()
  ) throws -> [GroupingUpdate] {
    let groupings = try store.read { try $0.groupings() }
    var names = only.map { [$0] } ?? groupings.map(\.name)
    if let only, let grouping = groupings.first(where: { $0.name == only }) {
      names = grouping.definition.factors + [only]
    }
    var updates: [GroupingUpdate] = []
    var trouble: (any Error)?
    for name in names {
      do {
        updates.append(try follower(of: name, in: store).update(control))
      } catch {
        guard concernsOneGrouping(error) else { throw error }
        trouble = trouble ?? error
      }
    }
    if let trouble { throw trouble }
    return updates
  }

  /// Whether an error is one of a grouping's own (its state is damaged, its groups have become too many, it cannot read the
  /// attributes of a sample), which stops no other.
  public static func concernsOneGrouping(_ error: any Error) -> Bool {
    guard let code = (error as? CohortError)?.code else { return false }
    return code.module == .clustering || code == .pipelineContent || code == .pipelineAttributes
  }

  /// What keeps a grouping up to date, with the state that is stored.
  /// - Throws: `store.unknown-grouping`; `clustering.damaged-state`.
  public static func follower(of name: String, in store: Store) throws -> any Follower {
    let record = try store.read { try $0.existingGrouping(name) }
    return try record.definition.following.follower(of: record, in: store)
  }
}
