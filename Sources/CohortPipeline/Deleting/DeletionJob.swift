public import CohortCore
public import CohortStore

/// Deletes samples of a store, in parts that are each a transaction.
public enum DeletionJob {
  /// Ids that one transaction deletes: each touches pages all over the store.
  static let idsPerCommit = 10_000

  /// Deletes samples for good, `idsPerCommit` of them a transaction. Ids that are gone already are left alone.
  ///
  /// Groupings by attribute are brought up to date first: the label of a sample is in its payload, so after the deletion
  /// nobody could tell any more which group it was in, and the groups would depend on when they were updated.
  /// - Returns: the ids deleted now, ascending.
  /// - Throws: `pipeline.interrupted` between two transactions; what was deleted before stays deleted.
  public static func run(
    _ store: Store, _ ids: [SampleID], reason: String, control: JobControl = JobControl()
  ) throws -> [SampleID] {
    let byContent = try store.read { transaction in
      try transaction.groupings().filter { ($0.definition.criterion as? any FeedKind)?.dividesByContent == true }
        .map(\.name)
    }
    for name in byContent { _ = try UpdateJob.follower(of: name, in: store).update(control) }
    let sorted = Set(ids).sorted()
    var deleted: [SampleID] = []
    for start in stride(from: 0, to: sorted.count, by: idsPerCommit) {
      let part = Array(sorted[start..<min(start + idsPerCommit, sorted.count)])
      deleted += try store.write { try $0.delete(part, reason: reason) }
      control.report(
        JobProgress(stage: "delete", done: UInt64(start + part.count), total: UInt64(sorted.count), unit: "samples"))
      try control.checkpoint()
    }
    return deleted
  }
}
