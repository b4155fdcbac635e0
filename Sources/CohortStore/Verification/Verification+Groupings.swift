internal import CohortLMDB
internal import CohortCore

extension Verification {
  /// Every group belongs to a grouping, and has as many members as the group column gives it.
  func checkGroups(_ transaction: borrowing ReadTransaction) {
    let groupings = collect("groupings") { try transaction.groupings() } ?? []
    var sizes: [UInt64: UInt64] = [:]
    for grouping in groupings {
      collect("grouping \"\(grouping.name)\"") {
        for (group, size) in try transaction.countMembers(of: grouping) {
          sizes[GroupRecord.key(grouping.id, GroupID(group))] = size
        }
      }
    }
    var counts: [UInt32: UInt64] = [:]
    forEach(tables.groups) { (key: UInt64, value: UnsafeRawBufferPointer) in
      let (number, id) = (UInt32(key >> 32), GroupID(UInt32(truncatingIfNeeded: key)))
      let place = "group \(id) of grouping \(number)"
      counts[number, default: 0] += 1
      let counted = sizes.removeValue(forKey: key) ?? 0
      guard let grouping = groupings.first(where: { $0.id.rawValue == number }) else {
        problem(place, "there is no such grouping")
        return
      }
      let group = try GroupRecord(id: id, in: grouping.id, value)
      expect(
        group.size == counted, place, "its size is \(group.size), and \(counted) samples are in it", repairable: true)
      expect(group.isOpen || counted == 0, place, "it is closed, and \(counted) samples are in it")
      for relative in [group.parent, group.heir].compactMap({ $0 }) {
        expect(try transaction.group(relative, in: grouping.id) != nil, place, "its relative \(relative) is not there")
      }
    }
    for (key, size) in sizes.sorted(by: { $0.key < $1.key }) {
      problem("grouping \(key >> 32)", "\(size) samples are in group \(key & 0xffff_ffff), which is not there")
    }
    for grouping in groupings {
      let count = counts[grouping.id.rawValue] ?? 0
      expect(
        count == grouping.groupCount, "grouping \"\(grouping.name)\"",
        "it has \(count) groups, not \(grouping.groupCount)"
      )
    }
  }

  /// A snapshot's ids are in order, as many as it says, and give its digest.
  func checkMembership(_ transaction: borrowing ReadTransaction) {
    let snapshots = collect("snapshots") { try transaction.snapshots() } ?? []
    var pieces: Set<[UInt8]> = []
    for snapshot in snapshots {
      let place = "snapshot \"\(snapshot.name)\""
      expect(history.snapshots[snapshot.id] == snapshot.digest, place, "its digest is not that of the log")
      expect(snapshot.sequence < counters.lastSequence, place, "it is younger than the log")
      for grouping in snapshot.groupings {
        collect("\(place), grouping \"\(grouping.name)\"") {
          let digest = try self.membershipDigest(grouping.id, snapshot, transaction)
          self.expect(digest == grouping.digest, "\(place), grouping \"\(grouping.name)\"", "its digest is \(digest)")
        }
        let count = (snapshot.samples + UInt64(Membership.idsPerPiece) - 1) / UInt64(Membership.idsPerPiece)
        for piece in 0..<count { pieces.insert(Membership.key(snapshot.id, grouping.id, UInt32(piece))) }
        pieces.insert(Membership.key(snapshot.id, grouping.id, Membership.groupTable))
      }
      expect(
        SnapshotRecord.digest(of: snapshot.groupings) == snapshot.digest, place,
        "its digest is not that of its groupings")
    }
    // What is written of snapshots that are not there yet, or what a killed creation left.
    let drafts = Set(
      (collect("meta") { try SnapshotDrafts(in: unsafe, tables).ids } ?? []).map { Membership.prefix($0) })
    forEach(tables.membership) { (key: [UInt8], value: UnsafeRawBufferPointer) in
      expect(
        pieces.contains(key) || drafts.contains(Array(key.prefix(4))), "membership \(key.hexadecimal)",
        "it belongs to no snapshot")
      _ = try Sealed.open(value, SealPlace(.membership, key), "A piece")
    }
  }

  private func membershipDigest(
    _ grouping: GroupingID, _ snapshot: SnapshotRecord, _ transaction: borrowing ReadTransaction
  ) throws -> Digest128 {
    let place = "snapshot \"\(snapshot.name)\", grouping \(grouping)"
    var digest = StreamingDigest()
    var starts: Set<UInt64> = []
    var total: UInt64 = 0
    var lastGroup: GroupID?
    for group in try transaction.groups(of: grouping, in: snapshot.id) {
      expect(lastGroup.map { $0 < group.id } ?? true, place, "its groups are not in order")
      lastGroup = group.id
      starts.insert(group.offset)
      total &+= group.size
      digest.update(group.id.rawValue)
      digest.update(group.size)
    }
    expect(total == snapshot.samples, place, "its groups have \(total) members, not \(snapshot.samples)")
    var position: UInt64 = 0
    var last: SampleID?
    var words: [UInt64] = []
    try transaction.forEachPiece(of: grouping, in: snapshot) { ids in
      for id in ids {
        if starts.contains(position) { last = nil }
        expect(last.map { $0 < id } ?? true, place, "position \(position) is out of order")
        expect(id.rawValue < counters.nextSample, place, "sample \(id) is not there")
        last = id
        position += 1
      }
      words = ids.map(\.rawValue.littleEndian)
      words.withUnsafeBytes { digest.update($0) }
      return true
    }
    return digest.finish()
  }
}

extension ReadTransaction {
  /// How many samples that are not deleted each group has, by the group column.
  func countMembers(of grouping: GroupingRecord) throws -> [UInt32: UInt64] {
    var sizes: [UInt32: UInt64] = [:]
    try forEachBlock(of: [grouping.groupColumn]) { block in
      for row in 0..<block.count where !block.isDeleted(row) {
        let group = block.uint32(0, row)
        if group != GroupID.unassigned.rawValue { sizes[group, default: 0] += 1 }
      }
      return true
    }
    return sizes
  }
}
