internal import CohortClustering
internal import CohortCore
public import CohortStore

/// Shows that a grouping is a function of the log: makes it anew in memory from the definition and the log, round by
/// round, and compares that with what is stored.
public enum ReplayJob {
  /// Compares the digest and the events of every round with its log entry, then the state, each group and each assignment
  /// with those that are stored. It ends with the first difference. Works beside a writer: rounds that are committed
  /// meanwhile are made, too.
  /// - Throws: `pipeline.interrupted`; `store.unknown-grouping`. Damage is a difference, not an error.
  /// - Complexity: what the rounds cost when they were made; memory 8 bytes a sample besides the engine's.
  public static func run(
    _ store: Store, grouping name: String, control: JobControl = JobControl()
  ) throws -> ReplayReport {
    let record = try store.read { try $0.existingGrouping(name) }
    return try record.definition.following.replay(record, in: store, control)
  }

  /// Makes a grouping anew that follows a feed.
  static func replayFeed(_ store: Store, grouping name: String, _ control: JobControl) throws -> ReplayReport {
    var replay: Replay
    do {
      replay = try Replay(store, grouping: name)
    } catch let error as CohortError where error.code.module == .clustering {
      guard error.category == .corruption, let created = try store.read({ try $0.grouping(named: name)?.created })
      else { throw error }
      var report = ReplayReport(grouping: name)
      report.difference = ReplayReport.Difference(sequence: created, position: 0, what: "\(error)")
      return report
    }
    do {
      try replay.run(control)
    } catch let error as ErasedLabel {
      replay.report.obstacle =
        "sample \(error.sample) was deleted, and with it its attributes; its group was not recorded by the version of "
        + "the program that deleted it"
    } catch let error as OtherRules {
      replay.report.obstacle =
        "log entry \(error.sequence) was made by version \(error.version) of the grouping's rules, and this program has "
        + GroupingState.knownRules.map { "version \($0)" }.joined(separator: " and ")
        + ": it cannot make the entry again"
    } catch let error as CohortError {
      guard error.category == .corruption else { throw error }
      // What a job that drops the grouping meanwhile takes away is no damage.
      _ = try store.read { try $0.stored(replay.grouping) }
      replay.differ("\(error)")
    }
    return replay.report
  }
}

/// A round was made by rules that this program does not have.
private struct OtherRules: Error {
  let sequence: LogSequence
  let version: UInt64
}

/// A replay under way.
private struct Replay {
  let store: Store
  let grouping: GroupingRecord
  let feed: Feed
  let features: StoreFeatures
  var source: any ChangeSource
  var state: GroupingState
  var table = ReplayedAssignments()
  /// Hashes of the last records of closed groups.
  var closed: [GroupID: UInt64] = [:]
  var position = FeedPosition.start
  /// Version of the rules by which the rounds are made that come next.
  var rules = UInt64(GroupingState.unnotedRulesVersion)
  /// The next log entry to look at, and the last round.
  var next: LogSequence
  var last: LogSequence
  /// How far a tail was assigned provisionally; made only when a round or the end follows.
  var tail: FeedPosition?
  var report: ReplayReport

  /// Log entries that one read transaction looks at.
  private static let entriesAtOnce = 1_024
  /// More records than any round has.
  private static let recordLimit = 1 << 24

  init(_ store: Store, grouping name: String) throws {
    let (grouping, space, state, feed, lengthColumn) = try store.read { transaction in
      let grouping = try transaction.existingGrouping(name)
      return (
        grouping, try transaction.space(of: grouping.definition), try transaction.initialState(of: grouping),
        try transaction.feed(of: grouping.definition), try grouping.definition.feedKind.lengthColumn(transaction)
      )
    }
    self.store = store
    self.grouping = grouping
    self.feed = feed
    features = StoreFeatures(store: store, space: space, lengthColumn: lengthColumn)
    source = try grouping.definition.feedKind.changes(erasedLabelsFrom: grouping)
    self.state = state
    next = grouping.created.next
    last = grouping.created
    report = ReplayReport(grouping: name)
  }

  mutating func differ(_ what: String) {
    guard report.difference == nil else { return }
    report.difference = ReplayReport.Difference(sequence: last, position: state.applied, what: what)
  }

  mutating func run(_ control: JobControl) throws {
    state.workers = control.workers
    while report.difference == nil {
      let (rounds, end, samples) = try store.read { transaction in
        let found = try self.rounds(transaction)
        return (found.rounds, found.end, try transaction.counters.nextSample)
      }
      table.grow(to: samples)
      for round in rounds {
        last = round.sequence
        try apply(round.event)
        report.digest = state.digest
        guard report.difference == nil else { return }
        control.report(
          JobProgress(
            stage: "replaying \(grouping.name)", done: state.applied, total: max(samples, state.applied),
            unit: "samples"))
        try control.checkpoint()
      }
      next = end
      if rounds.isEmpty {
        try assignTail()
        if try store.read({ try compare($0) }) { return }
      }
    }
  }

  /// The next rounds of the grouping, and where the log goes on; none only at the log's end.
  private func rounds(
    _ transaction: borrowing ReadTransaction
  ) throws -> (rounds: [(sequence: LogSequence, event: LogEvent.Round)], end: LogSequence) {
    var rounds: [(sequence: LogSequence, event: LogEvent.Round)] = []
    let end = try transaction.forEachRound(of: grouping.id, from: next) { entry, round in
      rounds.append((sequence: entry.sequence, event: round))
      return rounds.count < Self.entriesAtOnce
    }
    return (rounds, end)
  }

  // MARK: Rounds

  private mutating func apply(_ round: LogEvent.Round) throws {
    guard !round.provisional else {
      tail = round.applied
      if round.state != state.digest { differ(digests(round.state)) }
      return
    }
    let opening = try round.opening
    if let noted = opening.first(where: { $0.kind == .ruled }) { rules = noted.count }
    if state.notesRules {
      guard let known = UInt32(exactly: rules), GroupingState.knownRules.contains(known) else {
        throw OtherRules(sequence: last, version: rules)
      }
      state.rules = known
    }
    try assignTail()
    let records = try self.records(upTo: round.applied)
    let outcome: RoundOutcome
    // A pass that someone asked for (`grouping refine`), and no round.
    if opening.first?.kind == .refined {
      guard state.roundLength(pending: records.count) == 0 else {
        return differ("no pass over \(records.count) new records follows record \(state.applied)")
      }
      outcome = try state.refine(records, assignments: table, features: features)
    } else {
      guard !records.isEmpty, state.roundLength(pending: records.count) == records.count else {
        return differ("no round of \(records.count) records follows record \(state.applied)")
      }
      outcome = try state.applyRound(records, assignments: table, features: features)
    }
    position = round.applied
    table.write(outcome.assignments)
    for record in outcome.closed { closed[record.id] = XXH3.hash64(record.encoded) }
    report.rounds += 1
    report.records += UInt64(records.count)
    if outcome.digest != round.state {
      differ(digests(round.state))
    } else if outcome.events.map(\.encoded) != round.events {
      differ("the round's events are not those of the log")
    }
  }

  private func digests(_ logged: UInt64) -> String {
    "the digest of the state is \(state.digest.hexadecimal), and the log has \(logged.hexadecimal)"
  }

  private mutating func records(upTo end: FeedPosition) throws -> [ChangeRecord] {
    try store.read { transaction in
      let part = try transaction.changes(feed, from: position, limit: Self.recordLimit, upTo: end)
      return try source.records(part.records, transaction)
    }
  }

  private mutating func assignTail() throws {
    guard let end = tail else { return }
    tail = nil
    table.write(try state.assignProvisionally(try records(upTo: end), features: features))
  }

  // MARK: The end

  /// Compares the state with the stored one. - Returns: false when rounds were committed since the log was read.
  private mutating func compare(_ transaction: borrowing ReadTransaction) throws -> Bool {
    guard try rounds(transaction).rounds.isEmpty else { return false }
    guard let stored = try transaction.grouping(grouping.id) else {
      throw CohortError.unknown("grouping", grouping.name, known: try transaction.groupings().map(\.name))
    }
    if stored.applied != position {
      differ("it has applied the log up to \(Self.text(stored.applied)), and its rounds go to \(Self.text(position))")
    } else if report.rounds > 0, stored.engineState != state.encodedHeader {
      differ("the header of its state is not the one that the log gives")
    } else if let wrong = try differentGroup(stored, transaction) {
      differ("group \(wrong) is not what the log makes it")
    } else if let wrong = try differentAssignment(stored, transaction) {
      differ(wrong)
    }
    return true
  }

  private static func text(_ position: FeedPosition) -> String {
    "record \(position.offset) of entry \(position.sequence)"
  }

  private mutating func differentGroup(
    _ stored: GroupingRecord, _ transaction: borrowing ReadTransaction
  ) throws -> GroupID? {
    let groups = try transaction.groups(of: stored.id)
    report.groups = groups.count
    for group in groups {
      if let open = state.record(of: group.id) {
        var expected = open.stored
        expected.engineState = open.encoded
        guard group.matches(expected) else { return group.id }
      } else {
        guard let hash = closed[group.id], !group.isOpen, XXH3.hash64(group.engineState) == hash,
          group.matches(try CohortClustering.GroupRecord(decoding: group.engineState).stored)
        else { return group.id }
      }
    }
    let known = Set(groups.map(\.id))
    return state.groups.first { !known.contains($0) } ?? closed.keys.sorted().first { !known.contains($0) }
  }

  /// Says of the first sample with another assignment what is stored.
  private mutating func differentAssignment(
    _ stored: GroupingRecord, _ transaction: borrowing ReadTransaction
  ) throws -> String? {
    let end = try transaction.counters.nextSample
    table.grow(to: end)
    var wrong: String?
    try transaction.forEachBlock(
      of: [stored.groupColumn, stored.distanceColumn], areDeletedMarked: false
    ) { block in
      try table.scan(block.first..<(block.first + UInt64(block.count))) { first, ours, ourDistances in
        for i in 0..<block.count {
          let (group, distance) = (block.uint32(0, i), block.float32(1, i))
          if group == ours[i], distance.bitPattern == ourDistances[i].bitPattern { continue }
          // Stores of before the group that a deleted sample had was recorded.
          if group == GroupID.unassigned.rawValue, group == ours[i], distance.bitPattern == 0 { continue }
          wrong =
            "sample \(first + UInt64(i)) is in group \(GroupID(group)) at distance \(distance), and the log puts it "
            + "into group \(GroupID(ours[i])) at distance \(ourDistances[i])"
          return
        }
      }
      return wrong == nil
    }
    report.samples = end
    return wrong
  }
}

extension CohortStore.GroupRecord {
  /// Whether all but the size is equal.
  fileprivate func matches(_ other: CohortStore.GroupRecord) -> Bool {
    id == other.id && isOpen == other.isOpen && parent == other.parent && heir == other.heir && born == other.born
      && geometry == other.geometry && engineState == other.engineState
  }
}

extension LogEvent.Round {
  /// The events that say what kind of round it is: at most the first two.
  fileprivate var opening: [GroupEvent] {
    get throws { try events.prefix(2).map { try ByteReader.decode($0) { try GroupEvent(from: &$0) } } }
  }
}
