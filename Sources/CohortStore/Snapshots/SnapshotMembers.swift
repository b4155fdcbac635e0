internal import CohortCore

/// The membership of one grouping as one transaction saw it, in memory: what a snapshot's pieces are written from.
struct SnapshotMembers: Sendable {
  /// A group with members.
  struct Cell {
    var id: GroupID
    var size: UInt64 = 0
    var longest: UInt32 = 0
    var lengthSum: UInt64 = 0
    var geometry = GroupGeometry.label("")
  }

  /// Sorted by group and id; as narrow as the store allows.
  enum IDs {
    case narrow([UInt32])
    case wide([UInt64])

    var count: Int {
      switch self {
      case .narrow(let ids): ids.count
      case .wide(let ids): ids.count
      }
    }

    var width: Int {
      switch self {
      case .narrow: 4
      case .wide: 8
      }
    }
  }

  let grouping: SnapshotGrouping
  private let cells: [Cell]
  private let ids: IDs

  /// How many samples it has.
  var samples: UInt64 { UInt64(ids.count) }

  /// Values that it takes: the pieces of ids, and the table of groups, which is the last.
  var values: Int { Self.values(samples: UInt64(ids.count)) }

  static func values(samples: UInt64) -> Int {
    Int(clamping: (samples + UInt64(Membership.idsPerPiece) - 1) / UInt64(Membership.idsPerPiece)) + 1
  }

  init(_ grouping: GroupingRecord, cells: [Cell], ids: IDs) {
    self.cells = cells
    self.ids = ids
    var digest = StreamingDigest()
    for cell in cells {
      digest.update(cell.id.rawValue)
      digest.update(cell.size)
    }
    switch ids {
    case .narrow(let ids): for id in ids { digest.update(UInt64(id)) }
    case .wide(let ids): for id in ids { digest.update(id) }
    }
    self.grouping = SnapshotGrouping(
      id: grouping.id, name: grouping.name, definition: grouping.definition, digest: digest.finish(),
      groups: cells.count, idWidth: ids.width)
  }

  /// Key and value of one of its `values` in a snapshot.
  func value(_ index: Int, in snapshot: UInt32) -> (key: [UInt8], bytes: [UInt8]) {
    let isTable = index == values - 1
    let key = Membership.key(snapshot, grouping.id, isTable ? Membership.groupTable : UInt32(index))
    let place = SealPlace(.membership, key)
    guard !isTable else { return (key, Sealed.seal(groupTable(), place)) }
    let start = index * Membership.idsPerPiece
    let part = start..<min(start + Membership.idsPerPiece, ids.count)
    var writer = ByteWriter(capacity: Membership.headerSize + part.count * ids.width)
    writer.fixed(UInt64(0))
    writer.fixed(UInt8(ids.width))
    writer.raw([0, 0, 0])
    writer.fixed(UInt32(part.count))
    switch ids {
    case .narrow(let ids): for id in ids[part] { writer.fixed(id) }
    case .wide(let ids): for id in ids[part] { writer.fixed(id) }
    }
    var bytes = writer.bytes
    bytes.withUnsafeMutableBytes { Sealed.close($0, place) }
    return (key, bytes)
  }

  private func groupTable() -> [UInt8] {
    var writer = ByteWriter()
    writer.varint(cells.count)
    for cell in cells {
      writer.fixed(cell.id.rawValue)
      writer.varint(cell.size)
      writer.fixed(cell.longest)
      writer.fixed(cell.size == 0 ? 0 : Double(cell.lengthSum) / Double(cell.size))
      cell.geometry.encode(into: &writer)
    }
    return writer.bytes
  }
}

extension ReadTransaction {
  /// Everybody who is not deleted, by group.
  /// - Parameter only: leave out all others; nil to leave out none.
  /// - Complexity: two scans of the group column; 4 bytes a sample (8 above 2^32 samples).
  func members(of grouping: GroupingRecord, only: SampleSet? = nil) throws -> SnapshotMembers {
    let cells = try countCells(of: grouping, only)
    let isNarrow = state.counters.nextSample <= UInt64(UInt32.max)
    let ids: SnapshotMembers.IDs =
      isNarrow
      ? .narrow(try sortMembers(of: grouping, only, cells: cells))
      : .wide(try sortMembers(of: grouping, only, cells: cells))
    guard only != nil || UInt64(ids.count) == state.counters.live else {
      throw CohortError.corrupted(
        "The tombstones", cause: "\(ids.count) samples are not deleted, not \(state.counters.live)")
    }
    return SnapshotMembers(grouping, cells: cells, ids: ids)
  }

  /// Sizes, lengths and geometries of all groups with members, in the order of their ids.
  private func countCells(of grouping: GroupingRecord, _ only: SampleSet?) throws -> [SnapshotMembers.Cell] {
    var cells: [UInt32: SnapshotMembers.Cell] = [:]
    try forEachLiveRow(of: grouping, only) { _, group, length in
      var cell = cells[group] ?? SnapshotMembers.Cell(id: GroupID(group))
      cell.size += 1
      cell.lengthSum += UInt64(length)
      cell.longest = max(cell.longest, length)
      cells[group] = cell
    }
    return try cells.values.sorted { $0.id < $1.id }.map { cell in
      var cell = cell
      if let group = try group(cell.id, in: grouping.id) { cell.geometry = group.geometry }
      return cell
    }
  }

  /// All ids sorted by (group, id): a counting sort.
  private func sortMembers<ID: FixedWidthInteger>(
    of grouping: GroupingRecord, _ only: SampleSet?, cells: [SnapshotMembers.Cell]
  ) throws -> [ID] {
    var next: [UInt32: Int] = [:]
    var total = 0
    for cell in cells {
      next[cell.id.rawValue] = total
      total += Int(cell.size)
    }
    var ids = [ID](repeating: 0, count: total)
    try forEachLiveRow(of: grouping, only) { row, group, _ in
      guard let at = next[group] else { return }
      ids[at] = ID(truncatingIfNeeded: row)
      next[group] = at + 1
    }
    return ids
  }

  /// Calls `body` with (id, group, total length) of every sample that is not deleted and belongs to `only`, in id order.
  private func forEachLiveRow(
    of grouping: GroupingRecord, _ only: SampleSet?, _ body: (UInt64, UInt32, UInt32) throws -> Void
  ) throws {
    try forEachBlock(of: [grouping.groupColumn, Column.totalLength]) { block in
      for row in 0..<block.count where !block.isDeleted(row) {
        if let only, !only.contains(block.first + UInt64(row)) { continue }
        try body(block.first + UInt64(row), block.uint32(0, row), block.uint32(1, row))
      }
      return true
    }
  }
}
