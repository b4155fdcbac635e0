internal import CohortCore
internal import CohortSystem

/// What a snapshot will be, read in one transaction.
private struct SnapshotDraft: Sendable {
  let sequence: LogSequence
  let samples: UInt64
  let members: [SnapshotMembers]

  init(_ transaction: borrowing ReadTransaction, groupings names: [String], only: SampleSet?) throws {
    var members: [SnapshotMembers] = []
    for grouping in try names.map({ try transaction.existingGrouping($0) }) {
      members.append(try transaction.members(of: grouping, only: only))
    }
    self.members = members
    sequence = transaction.state.counters.lastSequence
    samples = members.first?.samples ?? transaction.state.counters.live
  }

  /// All values of its membership, a slice at a time.
  func slices(of limit: Int) -> [[(part: Int, value: Int)]] {
    let all = members.indices.flatMap { part in (0..<members[part].values).map { (part: part, value: $0) } }
    return stride(from: 0, to: all.count, by: limit).map { Array(all[$0..<min($0 + limit, all.count)]) }
  }
}

extension Store {
  /// Values of a membership that one transaction writes: 128 MB, far below what LMDB can hold of changed pages.
  package static let snapshotSlice = 8_000

  /// Names the present state, with the membership of some groupings. The groupings should have followed the log to its
  /// end; samples that have no group are kept under `GroupID.unassigned`.
  ///
  /// The membership of a large store is written in several transactions, from the state that one read transaction saw; the
  /// last makes the snapshot visible. Others may write in between: the snapshot does not have that. Killed in between, it
  /// leaves pieces of no snapshot, which the next creation removes.
  /// - Parameter only: the samples that it holds; nil for all that are not deleted.
  /// - Throws: `store.name`; `store.snapshot-exists`; `store.unknown-grouping`; `store.read-only`; `store.snapshot-lost` when
  ///   another process took what was written for the rest of a creation that was cut short: then there is no snapshot.
  /// - Complexity: O(samples) time for each grouping. Memory: 4 bytes a sample (8 above 2^32 samples), and as much for each
  ///   grouping when it is written in several transactions.
  public func createSnapshot(
    name: String, groupings: [String], only: SampleSet? = nil
  ) throws -> SnapshotRecord {
    do {
      return try createSnapshot(name: name, groupings: groupings, only: only, slice: Self.snapshotSlice)
    } catch {
      // If that fails, too, the next creation does it.
      try? removeAbandonedSnapshots(slice: Self.snapshotSlice)
      throw error
    }
  }

  /// The same with slices of at most `slice` values; `between` is called after each transaction but the last.
  package func createSnapshot(
    name: String, groupings: [String], only: SampleSet? = nil, slice: Int,
    between: (_ written: Int) throws -> Void = { _ in }
  ) throws -> SnapshotRecord {
    try removeAbandonedSnapshots(slice: slice)
    let values = try read { SnapshotMembers.values(samples: $0.state.counters.live) * groupings.count }
    guard values > slice else {
      return try write { try $0.createSnapshot(name: name, groupings: groupings, only: only) }
    }
    let draft = try read { try SnapshotDraft($0, groupings: groupings, only: only) }
    let slices = draft.slices(of: slice)
    var reserved: UInt32?
    defer { if let reserved { draftsUnderWay.withLock { _ = $0.remove(reserved) } } }
    for (number, slice) in slices.dropLast().enumerated() {
      reserved = try write { transaction in
        if number == 0 { try transaction.checkNew(snapshot: name) }
        if let reserved { try transaction.check(draft: reserved, of: name) }
        let id = try reserved ?? transaction.reserveSnapshot()
        for (part, value) in slice { try transaction.put(draft.members[part].value(value, in: id)) }
        // Before it commits: others must not take it for abandoned.
        draftsUnderWay.withLock { _ = $0.insert(id) }
        return id
      }
      try between(number + 1)
    }
    return try write { transaction in
      try transaction.checkNew(snapshot: name)
      if let reserved { try transaction.check(draft: reserved, of: name) }
      let id = try reserved.map { try transaction.takeUp(snapshot: $0) } ?? transaction.nextSnapshot()
      for (part, value) in slices.last ?? [] { try transaction.put(draft.members[part].value(value, in: id)) }
      guard try transaction.membershipCount(of: id) == draft.members.reduce(0, { $0 + $1.values }) else {
        throw CohortError.lost(snapshot: name)
      }
      return try transaction.add(
        SnapshotRecord(
          id: id, name: name, sequence: draft.sequence, created: transaction.state.time, samples: draft.samples,
          groupings: draft.members.map(\.grouping)))
    }
  }

  /// Removes what creations that were cut short have left.
  func removeAbandonedSnapshots(slice: Int) throws {
    while true {
      let drafts = try read { try SnapshotDrafts(in: $0.unsafe, $0.tables).ids }
      guard let id = draftsUnderWay.withLock({ underWay in drafts.first { !underWay.contains($0) } }) else { return }
      try write { try $0.removeAbandoned(snapshot: id, limit: slice) }
    }
  }
}

extension WriteTransaction {
  /// The next number of a snapshot.
  func nextSnapshot() -> UInt32 {
    defer { state.counters.nextSnapshot += 1 }
    return state.counters.nextSnapshot
  }

  /// Gives a number to a snapshot that is not there yet: for the counters, it was dropped.
  fileprivate func reserveSnapshot() throws -> UInt32 {
    let id = nextSnapshot()
    state.counters.droppedSnapshots += 1
    var drafts = try SnapshotDrafts(in: unsafe, tables)
    drafts.ids.append(id)
    try drafts.write(in: unsafe, tables)
    return id
  }

  /// Makes a reserved number that of a snapshot which is there.
  fileprivate func takeUp(snapshot id: UInt32) throws -> UInt32 {
    state.counters.droppedSnapshots -= 1
    try forget(draft: id)
    return id
  }

  fileprivate func removeAbandoned(snapshot id: UInt32, limit: Int) throws {
    // Its creation may have come to its end since the list was read.
    guard try SnapshotDrafts(in: unsafe, tables).ids.contains(id) else { return }
    if try removeMembership(of: id, limit: limit) < limit { try forget(draft: id) }
  }

  /// Makes sure that a snapshot which is being written has not been taken for an abandoned one.
  fileprivate func check(draft id: UInt32, of name: String) throws {
    guard try SnapshotDrafts(in: unsafe, tables).ids.contains(id) else { throw CohortError.lost(snapshot: name) }
  }

  private func forget(draft id: UInt32) throws {
    var drafts = try SnapshotDrafts(in: unsafe, tables)
    drafts.ids.removeAll { $0 == id }
    try drafts.write(in: unsafe, tables)
  }
}

extension CohortError {
  fileprivate static func lost(snapshot name: String) -> CohortError {
    CohortError(
      .storeSnapshotLost, "Snapshot \"\(name)\" was not made: another process removed what was written of it",
      cause: "it looked as if its creation had been cut short")
  }
}
