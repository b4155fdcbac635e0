internal import CohortCore
public import CohortStore

/// What brings single groupings in step with the log.
public enum UpdateJob {
  /// Whether an error is one of a grouping's own (its state is damaged, its groups have become too many, it cannot read the
  /// attributes of a sample), which stops no other.
  public static func concernsOneGrouping(_ error: any Error) -> Bool {
    guard let code = (error as? CohortError)?.code else { return false }
    return code.module == .clustering || code == .pipelineContent || code == .pipelineAttributes
  }

  /// What keeps a grouping up to date, with the state that is stored.
  /// - Throws: `store.unknown-grouping`; `clustering.damaged-state`.
  public static func follower(of name: String, in store: Store) throws -> any Follower {
    try follower(of: try store.read { try $0.existingGrouping(name) }, in: store)
  }

  /// The same for a grouping whose record was read before: another one that has its name by now is not followed.
  /// - Throws: `store.unknown-grouping`; `clustering.damaged-state`.
  public static func follower(of record: GroupingRecord, in store: Store) throws -> any Follower {
    try record.definition.following.follower(of: record, in: store)
  }
}
