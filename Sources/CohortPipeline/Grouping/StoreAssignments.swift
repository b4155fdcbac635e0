internal import CohortClustering
internal import CohortCore
internal import CohortStore

/// The assignments of a grouping as the store has them. Each call sees the last commit. If another follower commits a round
/// of the grouping meanwhile, they are of two states: what was made of them is refused then (`store.grouping-moved`).
struct StoreAssignments: AssignmentTable {
  let store: Store
  let grouping: GroupingRecord
  let sampleCount: UInt64

  func assignment(of sample: SampleID) throws -> CohortClustering.Assignment {
    try store.read { transaction in
      CohortClustering.Assignment(
        sample: sample, group: GroupID(try transaction.uint32(grouping.groupColumn, sample)),
        distance: Float(bitPattern: try transaction.uint32(grouping.distanceColumn, sample)))
    }
  }

  func scan(
    _ samples: Range<UInt64>,
    _ body: (UInt64, UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    let rows = UInt64(grouping.groupColumn.rowsPerChunk)
    try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Int(rows)) { groups in
      try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Int(rows)) { distances in
        var row = samples.lowerBound
        while row < samples.upperBound {
          let end = min(samples.upperBound, (row / rows + 1) * rows)
          let count = Int(end - row)
          try store.read { transaction in
            try transaction.copy(
              grouping.groupColumn, from: row, into: UnsafeMutableBufferPointer(rebasing: groups[..<count]))
            try transaction.copy(
              grouping.distanceColumn, from: row, into: UnsafeMutableBufferPointer(rebasing: distances[..<count]))
          }
          try distances.withMemoryRebound(to: Float.self) { distances in
            try body(
              row, UnsafeBufferPointer(rebasing: groups[..<count]), UnsafeBufferPointer(rebasing: distances[..<count]))
          }
          row = end
        }
      }
    }
  }
}

extension ReadTransaction {
  /// Copies rows of a 4-byte scalar column, which must lie in one chunk; rows never written become the column's fill.
  func copy(_ column: Column, from row: UInt64, into target: UnsafeMutableBufferPointer<UInt32>) throws {
    try withChunk(column, of: row) { chunk in
      let first = Int(row % UInt64(column.rowsPerChunk))
      let there = chunk.map { max(min($0.count - first, target.count), 0) } ?? 0
      if let chunk { for index in 0..<there { target[index] = chunk.uint32(first + index) } }
      for index in there..<target.count { target[index] = UInt32(column.fill) &* 0x0101_0101 }
    }
  }
}
