internal import CohortClustering
internal import CohortCore
internal import CohortStore

/// A kind as the jobs see it: how its groupings are kept in step with what they follow, and made again.
protocol FollowingKind: GroupingKind {
  /// What a new grouping of this kind is to be.
  /// - Parameter argument: what its spelling says beside the kind.
  /// - Throws: what `GroupingJob.create` throws.
  static func draft(
    _ argument: String, _ choices: GroupingChoices, _ context: borrowing GroupingDraft.Context
  ) throws -> GroupingDraft

  /// What keeps a grouping of this kind up to date, with the state that is stored.
  /// - Throws: `clustering.damaged-state`.
  func follower(of record: GroupingRecord, in store: Store) throws -> any Follower

  /// Makes a grouping anew and compares it with what is stored.
  func replay(_ record: GroupingRecord, in store: Store, _ control: JobControl) throws -> ReplayReport
}

/// A kind that follows a feed of the log in rounds.
protocol FeedKind: FollowingKind {
  /// Whether what a sample is divided by is in its payload, and gone when the sample is deleted: then the groups that it
  /// had before its labels were changed are noted, too.
  var dividesByContent: Bool { get }

  /// What turns the feed into what the engine reads.
  /// - Parameter grouping: where labels of deleted samples are looked up that it has seen; nil to take them as missing.
  func changes(erasedLabelsFrom grouping: GroupingRecord?) -> any ChangeSource

  /// The column that a grouping by length divides by, as far as it is written now; nil for other kinds.
  func lengthColumn(_ transaction: borrowing ReadTransaction) throws -> Column?
}

extension FeedKind {
  var dividesByContent: Bool { false }

  func lengthColumn(_ transaction: borrowing ReadTransaction) throws -> Column? { nil }

  func follower(of record: GroupingRecord, in store: Store) throws -> any Follower {
    try GroupingFollower(store, record)
  }

  func replay(_ record: GroupingRecord, in store: Store, _ control: JobControl) throws -> ReplayReport {
    try ReplayJob.replayFeed(store, grouping: record.name, control)
  }
}

/// Turns the store's feed into what an engine reads: each change with the label or length that the grouping divides by.
protocol ChangeSource {
  mutating func records(_ feed: [FeedRecord], _ transaction: borrowing ReadTransaction) throws -> [ChangeRecord]
}

extension [FeedRecord] {
  /// A record for each change, with the feature that its kind finds for the sample.
  func changes(
    added: (SampleID) throws -> ChangeRecord.Feature, removed: (SampleID) throws -> ChangeRecord.Feature
  ) rethrows -> [ChangeRecord] {
    try changes(added: added, removed: removed) { id, _ in try added(id) }
  }

  /// The same for kinds whose feeds tell of changed labels.
  /// - Parameter relabelled: the feature that the sample had after an entry.
  func changes(
    added: (SampleID) throws -> ChangeRecord.Feature, removed: (SampleID) throws -> ChangeRecord.Feature,
    relabelled: (SampleID, LogSequence) throws -> ChangeRecord.Feature
  ) rethrows -> [ChangeRecord] {
    try map { change in
      switch change {
      case .added(let id): ChangeRecord(.inserted, id, try added(id))
      case .removed(let id): ChangeRecord(.deleted, id, try removed(id))
      case .relabelled(let id, let entry): ChangeRecord(.relabelled, id, try relabelled(id, entry))
      }
    }
  }
}

extension [FeedRecord] {
  /// The samples whose labels changed, each with the entry that says so.
  var relabelled: [(id: SampleID, entry: LogSequence)] {
    compactMap { if case .relabelled(let id, let entry) = $0 { (id, entry) } else { nil } }
  }
}

extension GroupingDefinition {
  /// The kind, as one that the jobs know. - Throws: `pipeline.no-feed`; every kind that is registered is one.
  var following: any FollowingKind {
    get throws {
      guard let kind = criterion as? any FollowingKind else { throw noFeed }
      return kind
    }
  }

  /// The kind, as one that follows a feed. - Throws: `pipeline.no-feed` for a product.
  var feedKind: any FeedKind {
    get throws {
      guard let kind = criterion as? any FeedKind else { throw noFeed }
      return kind
    }
  }

  var noFeed: CohortError {
    CohortError(.pipelineNoFeed, "A grouping by \(criterion.spelling) does not follow the log")
  }
}
