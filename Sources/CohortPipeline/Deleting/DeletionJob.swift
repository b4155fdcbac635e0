public import CohortCore
public import CohortStore

/// Deletes samples of a store, in parts that are each a transaction.
public enum DeletionJob {
  /// Ids that one transaction deletes: each touches pages all over the store.
  static let idsPerCommit = 10_000

  /// Deletes samples for good, `idsPerCommit` of them a transaction. Ids that are gone already are left alone.
  ///
  /// Groupings by attribute are brought up to date first: the label of a sample is in its payload, so after the deletion
  /// nobody could tell any more which group it was in, and the groups would depend on when they were updated. Where another
  /// job changes labels of these samples meanwhile, they are brought up to date again.
  /// - Parameter filter: what found them, if one did: those that another job has changed since so that they do not fulfil it
  ///   any more stay.
  /// - Returns: the ids deleted now, ascending.
  /// - Throws: `pipeline.interrupted` between two transactions; what was deleted before stays deleted.
  public static func run(
    _ store: Store, _ ids: [SampleID], reason: String, filter: SampleFilter? = nil, control: JobControl = JobControl()
  ) throws -> [SampleID] {
    try updateLabels(store, control)
    let sorted = Set(ids).sorted()
    var deleted: [SampleID] = []
    for start in stride(from: 0, to: sorted.count, by: idsPerCommit) {
      let part = Array(sorted[start..<min(start + idsPerCommit, sorted.count)])
      while true {
        let done = try store.write { transaction -> [SampleID]? in
          let meant = try filter.map { try $0.stillMeant(part, transaction.reading) } ?? part
          guard try !transaction.reading.haveLabelsUnseen(meant) else { return nil }
          return try transaction.delete(meant, reason: reason)
        }
        if let done {
          deleted += done
          break
        }
        try updateLabels(store, control)
      }
      control.report(
        JobProgress(stage: "delete", done: UInt64(start + part.count), total: UInt64(sorted.count), unit: "samples"))
      try control.checkpoint()
    }
    return deleted
  }

  /// Brings groupings whose labels are gone with a sample up to date; one that is dropped meanwhile needs nothing.
  private static func updateLabels(_ store: Store, _ control: JobControl) throws {
    for grouping in try store.read({ try $0.groupings() }) where grouping.dividesByContent {
      do {
        _ = try UpdateJob.follower(of: grouping, in: store).update(control)
      } catch let error as CohortError {
        guard try store.read({ try $0.grouping(grouping.id) }) == nil else { throw error }
      }
    }
  }
}

extension GroupingRecord {
  fileprivate var dividesByContent: Bool { (definition.criterion as? any FeedKind)?.dividesByContent == true }
}

extension ReadTransaction {
  /// Whether a grouping has still to follow a label of one of these samples that is gone with the sample.
  /// - Complexity: O(log entries that the groupings have not followed).
  fileprivate func haveLabelsUnseen(_ ids: [SampleID]) throws -> Bool {
    let ids = Set(ids)
    for grouping in try groupings() where grouping.dividesByContent {
      let unseen = try changes(feed(of: grouping.definition), from: grouping.applied, limit: .max).records
      let concerns = unseen.contains { record in
        switch record {
        case .added(let id), .relabelled(let id, _): ids.contains(id)
        case .removed: false
        }
      }
      if concerns { return true }
    }
    return false
  }
}
