internal import CohortCore
internal import CohortStore

extension Store {
  /// Commits a round in one transaction, or, where it changes very many rows, in slices: the next generation of the
  /// grouping's columns is written piece by piece, and one more transaction makes it the current one. Killed or
  /// interrupted in between, the same round goes on where it was; until then readers see the state before it.
  /// - Parameter round: its assignments ascend by id.
  /// - Returns: the grouping's record afterwards.
  /// - Throws: `pipeline.interrupted` between two slices.
  func commit(
    _ round: RoundCommit, to grouping: GroupingRecord, _ control: JobControl
  ) throws -> GroupingRecord {
    let rowsPerChunk = UInt64(grouping.groupColumn.rowsPerChunk)
    var chunks = 0
    var last: UInt64?
    for assignment in round.assignments where assignment.id.rawValue / rowsPerChunk != last {
      last = assignment.id.rawValue / rowsPerChunk
      chunks += 1
    }
    guard chunks > control.limits.chunks, !round.isProvisional else {
      return try write { try $0.commit(round, to: grouping) }
    }
    var record = grouping
    let end = max(grouping.rows, (round.assignments.last?.id.rawValue ?? 0) + 1)
    var first: UInt64 = 0
    if let pending = try read({ try $0.grouping(grouping.id) })?.generations?.pending, pending.applied == round.applied,
      pending.digest == round.digest
    {
      first = pending.cursor
    }
    while first < end {
      let slice = try self.slice(
        of: round, first..<min(first + UInt64(max(control.limits.sliceRows, 1)), end), grouping)
      record = try write { try $0.write(slice, to: grouping) }
      first += UInt64(slice.groups.count)
      control.report(
        JobProgress(stage: "\(grouping.name): writing", done: first, total: end, unit: "samples"))
      try control.checkpoint()
    }
    let assigned = UInt64(round.assignments.count)
    return try write { try $0.complete(round, assigned: assigned, of: record) }
  }

  /// Rows as they are after the round.
  private func slice(
    of round: RoundCommit, _ rows: Range<UInt64>, _ grouping: GroupingRecord
  ) throws -> GenerationSlice {
    var slice = GenerationSlice(
      applied: round.applied, digest: round.digest, first: rows.lowerBound,
      groups: [UInt32](repeating: 0, count: rows.count), distances: [UInt32](repeating: 0, count: rows.count))
    let rowsPerChunk = UInt64(grouping.groupColumn.rowsPerChunk)
    try read { transaction in
      var row = rows.lowerBound
      while row < rows.upperBound {
        let end = min(rows.upperBound, (row / rowsPerChunk + 1) * rowsPerChunk)
        let part = Int(row - rows.lowerBound)..<Int(end - rows.lowerBound)
        try slice.groups.withUnsafeMutableBufferPointer {
          try transaction.copy(grouping.groupColumn, from: row, into: UnsafeMutableBufferPointer(rebasing: $0[part]))
        }
        try slice.distances.withUnsafeMutableBufferPointer {
          try transaction.copy(grouping.distanceColumn, from: row, into: UnsafeMutableBufferPointer(rebasing: $0[part]))
        }
        row = end
      }
    }
    var index = round.assignments.partitioningIndex { $0.id.rawValue >= rows.lowerBound }
    while index < round.assignments.count, round.assignments[index].id.rawValue < rows.upperBound {
      let assignment = round.assignments[index]
      slice.groups[Int(assignment.id.rawValue - rows.lowerBound)] = assignment.group.rawValue
      slice.distances[Int(assignment.id.rawValue - rows.lowerBound)] = assignment.distance.bitPattern
      index += 1
    }
    return slice
  }
}

extension [CohortStore.Assignment] {
  /// The first index from which on `belongs` holds.
  fileprivate func partitioningIndex(_ belongs: (CohortStore.Assignment) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
