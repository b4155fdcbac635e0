internal import CohortCore
internal import CohortStore

/// Reads the columns of a product and its factors side by side.
struct ProductScan {
  struct Row {
    var id: SampleID
    var first: GroupID
    var second: GroupID
    /// Whether one of the two is made for the time being.
    var isProvisional: Bool
    var isDeleted: Bool
    /// What is stored of the product.
    var group: GroupID
    var distance: Float
  }

  let first: GroupingRecord
  let second: GroupingRecord
  let product: GroupingRecord

  /// Calls `body` with each sample of the store, ascending.
  func forEach(_ transaction: borrowing ReadTransaction, _ body: (Row) throws -> Void) throws {
    let columns = [first, second, product].flatMap { [$0.groupColumn, $0.distanceColumn] }
    let rows = product.groupColumn.rowsPerChunk
    let end = try transaction.counters.nextSample
    var deleted = [Bool](repeating: false, count: rows)
    try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: columns.count * rows) { memory in
      var start: UInt64 = 0
      while start < end {
        let count = Int(min(end - start, UInt64(rows)))
        for (index, column) in columns.enumerated() {
          try transaction.copy(
            column, from: start,
            into: UnsafeMutableBufferPointer(rebasing: memory[(index * rows)..<(index * rows + count)]))
        }
        try transaction.withChunk(Column.tombstone, of: start) { chunk in
          for i in 0..<count { deleted[i] = chunk.map { i < $0.count && $0.uint8(i) != 0 } ?? false }
        }
        for i in 0..<count {
          try body(
            Row(
              id: SampleID(start + UInt64(i)), first: GroupID(memory[i]), second: GroupID(memory[2 * rows + i]),
              isProvisional: (memory[rows + i] | memory[3 * rows + i]) >> 31 != 0, isDeleted: deleted[i],
              group: GroupID(memory[4 * rows + i]), distance: Float(bitPattern: memory[5 * rows + i])))
        }
        start += UInt64(count)
      }
    }
  }
}
