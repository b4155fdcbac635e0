internal import CohortClustering
internal import CohortCore
public import CohortStore

/// What bringing a grouping up to date did.
public struct GroupingUpdate: Hashable, Sendable {
  /// Name of the grouping that was brought up to date.
  public var grouping: String
  /// Complete rounds that were made and committed.
  public var rounds = 0
  /// Samples that got a group, or another one: each counts once.
  public var assigned: UInt64 = 0
  /// How often samples got a group, or another one: one that several rounds moved counts for each of them.
  public var changes: UInt64 = 0
  /// Groups that were divided.
  public var splits = 0
  /// Groups that were merged away.
  public var merges = 0
  /// Groups whose published centroid was set anew.
  public var republished = 0
  /// Members that left because they were deleted.
  public var deleted = 0
  /// Samples without a usable vector.
  public var withoutVector = 0
  /// Samples that got a group and lie so near to an anchor that they count as leaked; nil unless by anchors.
  public var leaked: UInt64?
  /// Open groups afterwards.
  public var groups = 0
  /// Samples of the short tail, assigned until their round is full.
  public var provisional: UInt64 = 0
  /// Samples the grouping waits for: they have no vector in its space yet, or no length by its measure.
  public var pending: UInt64 = 0
}

/// Keeps one grouping in step with the log: reads the feed, lets the engine decide, commits each round in one
/// transaction. Holds the engine's state between calls, so that a daemon does not read it anew each time.
///
/// Others may write between its transactions: a round is made of one state of the log, and refused by the store when
/// another follower of the grouping has committed one since. Then the state is read anew, and following goes on from there.
public final class GroupingFollower {
  let store: Store
  private(set) var record: GroupingRecord
  var state: GroupingState
  var source: any ChangeSource
  let feed: Feed
  private(set) var features: StoreFeatures

  /// Reads the engine's state from the store.
  public convenience init(_ store: Store, grouping name: String) throws {
    try self.init(store, try store.read { try $0.existingGrouping(name) })
  }

  /// The same for a grouping whose record was read before.
  /// - Throws: `store.unknown-grouping` when it was dropped since.
  init(_ store: Store, _ known: GroupingRecord) throws {
    self.store = store
    let space: EmbeddingSpace?
    let lengthColumn: Column?
    (record, space, state, feed, lengthColumn) = try store.read { transaction in
      let record = try transaction.stored(known)
      return (
        record, try transaction.space(of: record.definition), try transaction.storedState(of: record),
        try transaction.feed(of: record.definition), try record.definition.feedKind.lengthColumn(transaction)
      )
    }
    features = StoreFeatures(store: store, space: space, lengthColumn: lengthColumn)
    source = try record.definition.feedKind.changes(erasedLabelsFrom: nil)
  }

  /// By which rules the rounds are made, whatever the stored state says. Only tests set it.
  package var rules: UInt32? {
    didSet { if let rules { state.rules = rules } }
  }

  public var name: String { record.name }

  /// Digest of the engine's state.
  public var digest: UInt64 { state.digest }

  /// Follows the log to its end: complete rounds first, then the short tail provisionally.
  /// - Throws: `store.unknown-grouping` when it was dropped; `pipeline.interrupted` between two commits.
  public func update(_ control: JobControl = JobControl()) throws -> GroupingUpdate {
    var update = GroupingUpdate(grouping: record.name)
    var changed = ChangedSamples()
    while true {
      do {
        try refresh()
        try follow(&update, &changed, control)
        (update.assigned, update.changes) = (changed.count, changed.changes)
        return update
      } catch let error as CohortError {
        guard try store.hasMoved(record, because: error) else { throw error }
      }
    }
  }

  /// Reads the engine's state anew if another follower has moved the grouping on.
  /// - Complexity: a look-up where none has.
  private func refresh() throws {
    try store.read { transaction in
      let stored = try transaction.stored(record)
      if !stored.isAsFar(as: record) {
        state = try transaction.storedState(of: stored)
        if let rules { state.rules = rules }
      }
      record = stored
    }
  }

  private func follow(
    _ update: inout GroupingUpdate, _ changed: inout ChangedSamples, _ control: JobControl
  ) throws {
    state.workers = control.workers
    try features.refresh()
    let total = try store.read { transaction in
      features.lengthColumn = try record.definition.feedKind.lengthColumn(transaction)
      return try transaction.counters.nextSample
    }
    var tail: Tail?
    while tail == nil {
      let before = state.applied
      tail = try rounds(&update, &changed, control)
      guard state.applied > before else { continue }
      control.report(
        JobProgress(stage: record.name, done: state.applied, total: max(total, state.applied), unit: "samples"))
      try control.checkpoint()
    }
    if let tail { try assign(tail, &update, &changed) }
    update.groups = state.groupCount
    if let space = features.space { update.pending = try store.read { try $0.vectorCounts(in: space).pending } }
    if case .measured(let id) = feed {
      update.pending = try store.read { transaction in
        try transaction.measure(id).map { try transaction.counts(of: $0).pending } ?? 0
      }
    }
  }

  /// Complete rounds in one transaction, because a small store has many short ones and each transaction waits for the
  /// disk: no more once they have `RoundSchedule.usual` records or `batchBytes` of groups, and only one in a store that is
  /// large enough for rounds to be written in slices.
  /// - Returns: the records that are too few for another round; nil when there may be one.
  private func rounds(
    _ update: inout GroupingUpdate, _ changed: inout ChangedSamples, _ control: JobControl
  ) throws -> Tail? {
    // All of them are made of one state of the log: samples that come meanwhile are not in the table.
    let (samples, end) = try store.read { transaction in
      let counters = try transaction.counters
      return (counters.nextSample, FeedPosition(sequence: counters.lastSequence.next, offset: 0))
    }
    let isSmall = samples / UInt64(record.groupColumn.rowsPerChunk) < UInt64(max(control.limits.chunks, 0))
    var table = PendingAssignments(over: StoreAssignments(store: store, grouping: record, sampleCount: samples))
    let before = state
    var commits: [RoundCommit] = []
    var moved: [[SampleID]] = []
    var bytes = 0
    var did = update
    var tail: Tail?
    do {
      while commits.isEmpty || isSmall, state.applied - before.applied < UInt64(RoundSchedule.usual),
        bytes < Self.batchBytes, tail == nil
      {
        let next: FeedPosition
        let records: [ChangeRecord]
        let relabelled: [(id: SampleID, entry: LogSequence)]
        switch try step(after: commits.last?.applied, upTo: end) {
        case .round(let found, let labels, let end): (records, relabelled, next) = (found, labels, end)
        case .tail(let found):
          tail = found
          continue
        }
        let outcome = try state.applyRound(records, assignments: table, features: features)
        moved.append(try table.changed(by: outcome.assignments))
        try table.write(outcome.assignments)
        var commit = roundCommit(outcome, next: next)
        commit.departures = zip(relabelled, outcome.departed).map {
          LabelDeparture(id: $0.id, sequence: $0.entry, group: $1)
        }
        bytes += commit.groups.reduce(0) { $0 + $1.engineState.count }
        commits.append(commit)
        count(outcome, in: &did)
      }
    } catch {
      state = before
      throw error
    }
    guard !commits.isEmpty else { return tail }
    try commit(commits, orReturnTo: before, control)
    update = did
    for samples in moved { changed.add(samples) }
    return tail
  }

  private static let batchBytes = 1 << 24

  /// What follows the last complete round.
  private enum Step {
    /// The records of the next one, what of them is to be noted once it is made, and where the feed goes on behind them.
    case round([ChangeRecord], relabelled: [(id: SampleID, entry: LogSequence)], next: FeedPosition)
    /// Too few for one.
    case tail(Tail)
  }

  /// The records behind the last complete round.
  private struct Tail {
    var length: Int
    /// Those of them that were not assigned when it was asked to before: nothing has changed for the others.
    var records: [ChangeRecord]
    var next: FeedPosition
    /// Samples of the store.
    var samples: UInt64
  }

  /// How often the feed was read: once for each round, and once for the tail. Only tests look at it.
  package private(set) var feedReads = 0

  /// What comes next, by one look at the feed.
  /// - Parameters:
  ///   - start: the end of a round that is made and not yet committed; nil when there is none.
  ///   - end: of the log, as far as it is looked at.
  private func step(after start: FeedPosition?, upTo end: FeedPosition) throws -> Step {
    feedReads += 1
    return try store.read { transaction in
      let found = try transaction.changes(feed, from: start ?? record.applied, limit: state.longestRound, upTo: end)
      let length = state.roundLength(pending: found.records.count)
      if length > 0 {
        let part = found.prefix(length)
        let relabelled: [(id: SampleID, entry: LogSequence)] =
          try record.definition.feedKind.dividesByContent ? part.records.relabelled : []
        return .round(try source.records(part.records, transaction), relabelled: relabelled, next: part.next)
      }
      // A round that is made has changed what earlier tails were assigned by.
      let new = found.suffix(after: start ?? max(record.provisional, record.applied))
      return .tail(
        Tail(
          length: found.records.count, records: try source.records(Array(new), transaction), next: found.next,
          samples: try transaction.counters.nextSample))
    }
  }

  private func count(_ outcome: RoundOutcome, in update: inout GroupingUpdate) {
    update.rounds += 1
    update.splits += outcome.statistics.splits
    update.merges += outcome.statistics.merges
    update.republished += outcome.statistics.republished
    update.deleted += outcome.statistics.deleted
    update.withoutVector += outcome.statistics.withoutVector
    if let bound = record.definition.criterion.leakageBound {
      let near = outcome.assignments.count { $0.group != .unassigned && $0.distance <= bound }
      update.leaked = (update.leaked ?? 0) + UInt64(near)
    }
  }

  /// What the store has to keep of a round that the state has just made.
  func roundCommit(_ outcome: RoundOutcome, next: FeedPosition) -> RoundCommit {
    let groups = outcome.touched.compactMap { state.record(of: $0) } + outcome.closed
    return RoundCommit(
      assignments: outcome.assignments.map {
        CohortStore.Assignment(id: $0.sample, group: $0.group, distance: $0.distance)
      },
      groups: groups.map(\.stored), engineState: state.encodedHeader, applied: next, isProvisional: false,
      events: outcome.events.map(\.encoded), digest: outcome.digest)
  }

  /// Commits rounds, each with a log entry of its own: several in one transaction, one alone in slices where it is large.
  func commit(_ rounds: [RoundCommit], orReturnTo before: GroupingState, _ control: JobControl) throws {
    do {
      if rounds.count == 1 {
        record = try store.commit(rounds[0], to: record, control)
      } else {
        record = try store.write { transaction in
          var record = record
          for round in rounds { record = try transaction.commit(round, to: record) }
          return record
        }
      }
    } catch {
      // The store is where it was (a full disk, say): so must the state be, or a retry would apply the rounds twice.
      state = before
      throw error
    }
  }

  /// Assigns the records behind the last complete round.
  private func assign(_ tail: Tail, _ update: inout GroupingUpdate, _ changed: inout ChangedSamples) throws {
    update.provisional = UInt64(tail.length)
    guard !tail.records.isEmpty else { return }
    let table = StoreAssignments(store: store, grouping: record, sampleCount: tail.samples)
    let assignments = try state.assignProvisionally(tail.records, after: table, features: features)
    let moved = try table.changed(by: assignments)
    let commit = RoundCommit(
      assignments: assignments.map {
        CohortStore.Assignment(id: $0.sample, group: $0.group, distance: $0.distance)
      }, groups: [], engineState: [], applied: tail.next, isProvisional: true, events: [], digest: state.digest)
    record = try store.write { try $0.commit(commit, to: record) }
    changed.add(moved)
  }
}
