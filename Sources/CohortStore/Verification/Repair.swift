internal import CohortCore
internal import CohortLMDB

/// What a repair mended, or would mend.
public struct RepairReport: Hashable, Sendable {
  /// Whether nothing was changed: the counts then say what a repair would mend.
  public var isDryRun: Bool
  /// Samples to which their content did not lead.
  public var identitiesAdded: UInt64 = 0
  /// Chunks of the identity table that were damaged, missing or belonged to nothing.
  public var identitiesRemoved: UInt64 = 0
  /// Groups whose size was wrong.
  public var groupSizes: UInt64 = 0
  /// Slots of readers that died.
  public var deadReaders: UInt64 = 0

  /// Whether there was nothing to mend.
  public var isEmpty: Bool { identitiesAdded + identitiesRemoved + groupSizes + deadReaders == 0 }
}

extension Store {
  /// Mends what can be computed from the rest: the index of contents from the samples, the groups' sizes from the group
  /// columns, the slots of dead readers. What cannot be read is left as it is.
  ///
  /// Works in parts, each a transaction; killed in between, it can be run again.
  /// - Parameters:
  ///   - dryRun: changes nothing.
  ///   - progress: samples looked at, of how many.
  /// - Throws: `store.read-only` without the right to write, unless it is a dry run.
  public func repair(
    dryRun: Bool, progress: (VerificationProgress) -> Void = { _ in }
  ) throws -> RepairReport {
    var report = RepairReport(isDryRun: dryRun)
    report.deadReaders = UInt64(environment.deadReaders())
    if !dryRun { try clearDeadReaders() }
    try mendIdentity(&report, progress)
    try mendSizes(&report)
    return report
  }

  /// So many samples become a run, and so many chunks are removed in one transaction.
  private static let samplesPerRun: UInt64 = 1 << 19
  private static let chunksPerCommit = 4_000

  /// Makes the index of contents anew if it is not right: new runs first, then the list of them, then the old ones go.
  private func mendIdentity(_ report: inout RepairReport, _ progress: (VerificationProgress) -> Void) throws {
    let state = try read { try $0.identityState(progress) }
    report.identitiesAdded = state.missing
    report.identitiesRemoved = state.badChunks
    guard !report.isDryRun, state.missing + state.badChunks > 0 else { return }
    var directory = IdentityDirectory()
    directory.nextRun = state.nextRun
    var start: UInt64 = 0
    while try start + Self.samplesPerRun < read({ try $0.counters.nextSample }) {
      let end = start + Self.samplesPerRun
      let entries = try read { $0.identityEntries(of: start..<end) }
      let before = directory
      directory = try write { try $0.adding(entries, to: before) }
      start = end
    }
    // The last ones where nobody can add more: the list that takes the place of the old one must know of all samples.
    let (rest, before) = (start, directory)
    try write { transaction in
      let entries = transaction.reading.identityEntries(of: rest..<transaction.counters.nextSample)
      try transaction.identity.put(try transaction.adding(entries, to: before))
    }
    while try removeUnlisted() {}
  }

  /// - Returns: whether there may be more.
  private func removeUnlisted() throws -> Bool {
    try write { transaction in
      let directory = try transaction.identity.directory()
      let listed = Dictionary(uniqueKeysWithValues: directory.runs.map { ($0.number, $0.chunks) })
      var keys: [UInt64] = []
      try transaction.reading.collectUnlisted(listed, limit: Self.chunksPerCommit, into: &keys)
      try transaction.removeIdentity(keys)
      return keys.count == Self.chunksPerCommit
    }
  }

  private func mendSizes(_ report: inout RepairReport) throws {
    for grouping in try read({ try $0.groupings() }).map(\.id) {
      let wrong = try read { try $0.wrongSizes(in: grouping) }
      guard !report.isDryRun, !wrong.isEmpty else {
        report.groupSizes += UInt64(wrong.count)
        continue
      }
      // Counted again where nobody can change them.
      report.groupSizes += try write { transaction in
        let wrong = try transaction.reading.wrongSizes(in: grouping)
        try transaction.put(sizes: wrong, in: grouping)
        return UInt64(wrong.count)
      }
    }
  }
}

extension ReadTransaction {
  /// What is wrong with the index of contents, and the number that a new run can have.
  fileprivate func identityState(
    _ progress: (VerificationProgress) -> Void
  ) throws -> (missing: UInt64, badChunks: UInt64, nextRun: UInt32) {
    var check = IdentityCheck(samples: state.counters.nextSample)
    for id in 0..<state.counters.nextSample {
      if id & 0xffff == 0 {
        progress(VerificationProgress(table: "identity", done: id, total: state.counters.nextSample))
      }
      if let entry = identityEntry(of: id) { check.want(id, entry.hash) }
    }
    let directory = try unsafe.get(tables.meta, IdentityDirectory.key).flatMap { try? IdentityDirectory($0) }
    let listed = Dictionary(uniqueKeysWithValues: (directory?.runs ?? []).map { ($0.number, $0) })
    var nextRun = directory?.nextRun ?? 0
    var unlisted: UInt64 = 0
    var good: UInt64 = 0
    try unsafe.walk(tables.identity) { key, value in
      let number = UInt32(key >> 32)
      nextRun = max(nextRun, number + 1)
      let entries = listed[number]?.entries(inChunk: key & 0xffff_ffff) ?? 0
      guard entries > 0 else {
        unlisted += 1
        return true
      }
      guard let chunk = try? IdentityChunk(value, key: key), chunk.count == entries else { return true }
      good += 1
      for index in 0..<chunk.count { check.add(chunk[index]) }
      return true
    }
    let bad = (directory == nil ? 1 : 0) + unlisted + listed.values.reduce(0) { $0 + $1.chunks } - good
    var missing: UInt64 = 0
    check.forEachMissing { _ in missing += 1 }
    return (missing, bad, nextRun)
  }

  /// Groups whose size is wrong, with the right one; none when the grouping was dropped.
  fileprivate func wrongSizes(in id: GroupingID) throws -> [GroupRecord] {
    guard let grouping = try grouping(id) else { return [] }
    let sizes = try countMembers(of: grouping)
    return try groups(of: id).compactMap { group in
      let size = sizes[group.id.rawValue] ?? 0
      guard group.size != size else { return nil }
      var mended = group
      mended.size = size
      return mended
    }
  }

  /// Entries in the index of contents, in its order.
  fileprivate func identityEntries(of ids: Range<UInt64>) -> [IdentityEntry] {
    ids.compactMap { identityEntry(of: $0) }.sorted()
  }

  /// A sample's entry in the index of contents. Nil for deleted and for damaged samples.
  fileprivate func identityEntry(of id: UInt64) -> IdentityEntry? {
    let hash = try? withSample(SampleID(id)) { view in view.map { XXH3.hash64($0.content) } }
    return hash.map { IdentityEntry(hash: $0, id: id) }
  }

  fileprivate func collectUnlisted(_ listed: [UInt32: UInt64], limit: Int, into keys: inout [UInt64]) throws {
    try unsafe.walk(tables.identity) { key, _ in
      if key & 0xffff_ffff >= listed[UInt32(key >> 32)] ?? 0 { keys.append(key) }
      return keys.count < limit
    }
  }
}

extension WriteTransaction {
  /// Writes a run that a directory lists which is not yet the store's. Its number is taken from the store's, so that whoever
  /// ingests meanwhile gives another.
  fileprivate func adding(_ entries: [IdentityEntry], to directory: IdentityDirectory) throws -> IdentityDirectory {
    var (directory, stored) = (directory, try? identity.directory())
    directory.nextRun = max(directory.nextRun, stored?.nextRun ?? 0)
    guard !entries.isEmpty else { return directory }
    directory.runs.append(try identity.write(entries, as: directory.nextRun))
    directory.nextRun += 1
    stored?.nextRun = directory.nextRun
    if let stored { try identity.put(stored) }
    return directory
  }

  fileprivate func removeIdentity(_ keys: [UInt64]) throws {
    for key in keys { try unsafe.delete(tables.identity, key) }
  }

  fileprivate func put(sizes groups: [GroupRecord], in grouping: GroupingID) throws {
    for group in groups {
      try group.encode(in: grouping).withUnsafeBytes {
        try unsafe.put(tables.groups, GroupRecord.key(grouping, group.id), $0)
      }
    }
  }
}
