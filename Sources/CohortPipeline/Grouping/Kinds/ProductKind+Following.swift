internal import CohortCore
internal import CohortStore

extension ProductKind: FollowingKind {
  static func draft(
    _ argument: String, _ choices: GroupingChoices, _ context: borrowing GroupingDraft.Context
  ) throws -> GroupingDraft {
    try ProductJob.draft(context.store, factors: argument, minimum: choices.minimum ?? ProductJob.usualMinimum)
  }

  func follower(of record: GroupingRecord, in store: Store) throws -> any Follower {
    try ProductFollower(store, record)
  }

  func replay(_ record: GroupingRecord, in store: Store, _ control: JobControl) throws -> ReplayReport {
    try store.read { try ProductReplay.run(record, $0) }
  }
}
