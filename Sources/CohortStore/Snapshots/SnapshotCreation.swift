internal import CohortCore
internal import CohortLMDB

extension WriteTransaction {
  /// Names the present state, with the membership of some groupings. The groupings should have followed the log to its
  /// end; samples that have no group are kept under `GroupID.unassigned`.
  ///
  /// All of it is in this transaction, which has a limit (`lmdb.transaction-full`, near 500 million members in all):
  /// `Store.createSnapshot` has none.
  /// - Parameter only: the samples that it holds; nil for all that are not deleted.
  /// - Throws: `store.name`; `store.snapshot-exists`; `store.unknown-grouping`.
  /// - Complexity: O(samples) time for each grouping, and 4 bytes a sample of memory (8 above 2^32 samples).
  public func createSnapshot(name: String, groupings names: [String], only: SampleSet? = nil) throws -> SnapshotRecord {
    try checkNew(snapshot: name)
    let groupings = try names.map { try reading.existingGrouping($0) }
    // What this transaction did to columns and sizes must be visible to the scans below.
    try settle()
    let id = nextSnapshot()
    var parts: [SnapshotGrouping] = []
    var samples = state.counters.live
    for grouping in groupings {
      let members = try reading.members(of: grouping, only: only)
      samples = members.samples
      for index in 0..<members.values { try put(members.value(index, in: id)) }
      parts.append(members.grouping)
    }
    return try add(
      SnapshotRecord(
        id: id, name: name, sequence: state.counters.lastSequence, created: state.time,
        samples: samples, groupings: parts))
  }

  /// Removes a snapshot and its membership.
  /// - Throws: `store.snapshot-in-use` while a plan or a selection stands on it.
  public func dropSnapshot(named name: String) throws {
    let record = try reading.existingSnapshot(name)
    let plans = try reading.plans().filter { $0.snapshot == record.id }.map(\.name)
    guard plans.isEmpty else {
      throw CohortError(
        .storeSnapshotInUse, "Plans stand on snapshot \"\(name)\": \(plans.joined(separator: ", "))",
        hint: "Drop them first")
    }
    let selections = try reading.selections().filter { $0.snapshot == record.id }.map(\.name)
    guard selections.isEmpty else {
      throw CohortError(
        .storeSnapshotInUse, "Selections stand on snapshot \"\(name)\": \(selections.joined(separator: ", "))",
        hint: "Drop them first")
    }
    _ = try removeMembership(of: record.id, limit: .max)
    try remove(record)
    state.counters.droppedSnapshots += 1
    try log(LogEvent.SnapshotDropped(id: record.id, name: name))
  }

  func checkNew(snapshot name: String) throws {
    try NameRule.check(name, of: "snapshot")
    guard try reading.snapshot(named: name) == nil else { throw CohortError.exists("snapshot", name) }
  }

  func put(_ value: (key: [UInt8], bytes: [UInt8])) throws {
    try value.bytes.withUnsafeBytes { try unsafe.put(tables.membership, value.key, $0) }
  }

  /// Makes a snapshot visible whose membership is written.
  func add(_ record: SnapshotRecord) throws -> SnapshotRecord {
    try put(record)
    try log(
      LogEvent.SnapshotCreated(
        id: record.id, name: record.name, sequence: record.sequence, samples: record.samples, digest: record.digest,
        groupings: record.groupings.map(\.id)))
    return record
  }

  /// How many values there are of a snapshot's membership.
  func membershipCount(of snapshot: UInt32) throws -> Int {
    var count = 0
    let prefix = Membership.prefix(snapshot)
    try unsafe.walk(tables.membership, from: prefix) { key, _ in
      guard key.prefix(4).elementsEqual(prefix) else { return false }
      count += 1
      return true
    }
    return count
  }

  /// Removes at most `limit` values of a snapshot's membership. - Returns: how many.
  func removeMembership(of snapshot: UInt32, limit: Int) throws -> Int {
    var keys: [[UInt8]] = []
    let prefix = Membership.prefix(snapshot)
    try unsafe.walk(tables.membership, from: prefix) { key, _ in
      guard keys.count < limit, key.prefix(4).elementsEqual(prefix) else { return false }
      keys.append([UInt8](key))
      return true
    }
    for key in keys { try unsafe.delete(tables.membership, key) }
    return keys.count
  }
}
