internal import CohortCore
internal import CohortLMDB

extension WriteTransaction {
  /// Names the present state, with the membership of some groupings. The groupings should have followed the log to its
  /// end; samples that have no group are kept under `GroupID.unassigned`.
  /// - Complexity: O(samples) time for each grouping, and 4 bytes a sample of memory (8 above 2^32 samples).
  public func createSnapshot(name: String, groupings names: [String]) throws -> SnapshotRecord {
    try NameRule.check(name, of: "snapshot")
    guard try reading.snapshot(named: name) == nil else { throw CohortError.exists("snapshot", name) }
    let groupings = try names.map { name in
      guard let grouping = try reading.grouping(named: name) else {
        throw CohortError.unknown("grouping", name, known: try reading.groupings().map(\.name))
      }
      return grouping
    }
    // What this transaction did to columns and sizes must be visible to the scans below.
    try settle()
    let id = state.counters.nextSnapshot
    state.counters.nextSnapshot += 1
    var digest = StreamingDigest()
    var members: [SnapshotGrouping] = []
    for grouping in groupings {
      let member =
        state.counters.nextSample <= UInt64(UInt32.max)
        ? try writeMembership(of: grouping, snapshot: id, as: UInt32.self)
        : try writeMembership(of: grouping, snapshot: id, as: UInt64.self)
      digest.update(grouping.id.rawValue)
      digest.update(member.digest.high)
      digest.update(member.digest.low)
      members.append(member)
    }
    let record = SnapshotRecord(
      id: id, name: name, sequence: state.counters.lastSequence, created: state.time, samples: state.counters.live,
      digest: digest.finish(), groupings: members)
    try put(record)
    try log(
      LogEvent.SnapshotCreated(
          id: id, name: name, sequence: record.sequence, samples: record.samples, digest: record.digest,
          groupings: groupings.map(\.id)))
    return record
  }

  /// Removes a snapshot and its membership.
  /// - Throws: `store.snapshot-in-use` while a plan stands on it.
  public func dropSnapshot(named name: String) throws {
    guard let record = try reading.snapshot(named: name) else {
      throw CohortError.unknown("snapshot", name, known: try reading.snapshots().map(\.name))
    }
    let plans = try reading.plans().filter { $0.snapshot == record.id }.map(\.name)
    guard plans.isEmpty else {
      throw CohortError(
        .storeSnapshotInUse, "Plans stand on snapshot \"\(name)\": \(plans.joined(separator: ", "))",
        hint: "Drop them first")
    }
    var keys: [[UInt8]] = []
    let prefix = Array(Membership.key(record.id, GroupingID(0), 0).prefix(4))
    try unsafe.walk(tables.membership, from: prefix) { key, _ in
      guard key.prefix(4).elementsEqual(prefix) else { return false }
      keys.append([UInt8](key))
      return true
    }
    for key in keys { try unsafe.delete(tables.membership, key) }
    try remove(record)
    state.counters.droppedSnapshots += 1
    try log(LogEvent.SnapshotDropped(id: record.id, name: name))
  }

  private struct Cell {
    var id: GroupID
    var size: UInt64 = 0
    var longest: UInt32 = 0
    var lengthSum: UInt64 = 0
  }

  private func writeMembership<ID: FixedWidthInteger & UnsignedInteger>(
    of grouping: GroupingRecord, snapshot: UInt32, as type: ID.Type
  ) throws -> SnapshotGrouping {
    let cells = try countMembers(of: grouping)
    let ids = try sortMembers(of: grouping, cells: cells, as: type)
    guard UInt64(ids.count) == state.counters.live else {
      throw CohortError.corrupted(
        "The tombstones", cause: "\(ids.count) samples are not deleted, not \(state.counters.live)")
    }
    var digest = StreamingDigest()
    for cell in cells {
      digest.update(cell.id.rawValue)
      digest.update(cell.size)
    }
    var piece: UInt32 = 0
    for start in stride(from: 0, to: ids.count, by: Membership.idsPerPiece) {
      let part = ids[start..<min(start + Membership.idsPerPiece, ids.count)]
      var writer = ByteWriter(capacity: Membership.headerSize + part.count * MemoryLayout<ID>.size)
      writer.fixed(UInt64(0))
      writer.fixed(UInt8(MemoryLayout<ID>.size))
      writer.raw([0, 0, 0])
      writer.fixed(UInt32(part.count))
      for id in part {
        writer.fixed(id)
        digest.update(UInt64(id))
      }
      var bytes = writer.bytes
      try bytes.withUnsafeMutableBytes { memory in
        let key = Membership.key(snapshot, grouping.id, piece)
        Sealed.close(memory, SealPlace(.membership, key))
        try unsafe.put(tables.membership, key, UnsafeRawBufferPointer(memory))
      }
      piece += 1
    }
    try writeGroupTable(cells, of: grouping, snapshot: snapshot)
    return SnapshotGrouping(
      id: grouping.id, name: grouping.name, definition: grouping.definition, digest: digest.finish(),
      groups: cells.count, idWidth: MemoryLayout<ID>.size)
  }

  private func writeGroupTable(_ cells: [Cell], of grouping: GroupingRecord, snapshot: UInt32) throws {
    var writer = ByteWriter()
    writer.varint(cells.count)
    for cell in cells {
      let geometry = try reading.group(cell.id, in: grouping.id)?.geometry ?? .label("")
      writer.fixed(cell.id.rawValue)
      writer.varint(cell.size)
      writer.fixed(cell.longest)
      writer.fixed(cell.size == 0 ? 0 : Double(cell.lengthSum) / Double(cell.size))
      geometry.encode(into: &writer)
    }
    let key = Membership.key(snapshot, grouping.id, Membership.groupTable)
    try Sealed.seal(writer.bytes, SealPlace(.membership, key)).withUnsafeBytes {
      try unsafe.put(tables.membership, key, $0)
    }
  }

  /// Sizes and lengths of all groups with members, in the order of their ids.
  private func countMembers(of grouping: GroupingRecord) throws -> [Cell] {
    var cells: [UInt32: Cell] = [:]
    try forEachLiveRow(of: grouping) { _, group, length in
      var cell = cells[group] ?? Cell(id: GroupID(group))
      cell.size += 1
      cell.lengthSum += UInt64(length)
      cell.longest = max(cell.longest, length)
      cells[group] = cell
    }
    return cells.values.sorted { $0.id < $1.id }
  }

  /// All ids sorted by (group, id): a counting sort.
  private func sortMembers<ID: FixedWidthInteger>(
    of grouping: GroupingRecord, cells: [Cell], as type: ID.Type
  ) throws -> [ID] {
    var next: [UInt32: Int] = [:]
    var total = 0
    for cell in cells {
      next[cell.id.rawValue] = total
      total += Int(cell.size)
    }
    var ids = [ID](repeating: 0, count: total)
    try forEachLiveRow(of: grouping) { row, group, _ in
      guard let at = next[group] else { return }
      ids[at] = ID(truncatingIfNeeded: row)
      next[group] = at + 1
    }
    return ids
  }

  /// Calls `body` with (id, group, total length) of every sample that is not deleted, in id order.
  private func forEachLiveRow(
    of grouping: GroupingRecord, _ body: (UInt64, UInt32, UInt32) throws -> Void
  ) throws {
    var row: UInt64 = 0
    while row < state.counters.nextSample {
      let end = min(row + UInt64(Column.scalarRows), state.counters.nextSample)
      try reading.withChunk(Column.tombstone, of: row) { deleted in
        try reading.withChunk(grouping.groupColumn, of: row) { groups in
          try reading.withChunk(Column.totalLength, of: row) { lengths in
            for index in 0..<Int(end - row) {
              if let deleted, index < deleted.count, deleted.uint8(index) != 0 { continue }
              let group = groups.flatMap { index < $0.count ? $0.uint32(index) : nil }
              let length = lengths.flatMap { index < $0.count ? $0.uint32(index) : nil }
              try body(row + UInt64(index), group ?? GroupID.unassigned.rawValue, length ?? 0)
            }
          }
        }
      }
      row = end
    }
  }
}
