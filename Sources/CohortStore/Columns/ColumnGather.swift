internal import CohortCore

/// Rows of columns by the ids of their samples, many in a call.
extension ReadTransaction {
  /// Calls `body` with the row of each sample, in ascending order of the ids: each chunk is looked up and checked once,
  /// whatever the order in which they were given.
  /// - Parameters:
  ///   - ids: below `counters.nextSample`; in any order, also repeated.
  ///   - body: gets the index of the id and the row's bytes, in place; nil for a row that was never written, which reads as
  ///     the column's fill. Valid only inside it.
  /// - Throws: `store.unknown-sample` (category `notFound`) for an id that the store never had; `store.corrupted`; what
  ///   `body` throws.
  /// - Complexity: O(n) for ids that ascend, else O(n log n); a look-up and a checksum for each chunk.
  public func forEachRow(
    of column: Column, _ ids: UnsafeBufferPointer<UInt64>,
    _ body: (_ index: Int, _ row: UnsafeRawBufferPointer?) throws -> Void
  ) throws {
    let rowsPerChunk = UInt64(column.rowsPerChunk)
    var current: (number: UInt64, chunk: ColumnChunk?)?
    try AscendingOrder.forEach(ids) { index, id in
      let (number, row) = id.quotientAndRemainder(dividingBy: rowsPerChunk)
      if current?.number != number {
        try check(id)
        current = (number, try chunk(column, of: id))
      } else if id >= state.counters.nextSample {
        try check(id)
      }
      guard let chunk = current?.chunk, row < UInt64(chunk.count) else { return try body(index, nil) }
      try body(index, chunk.row(Int(row)))
    }
  }

  /// Reads rows of a `uint32` column into `out`, one element for each id.
  /// - Throws: as `forEachRow`.
  public func gather(
    _ column: Column, _ ids: UnsafeBufferPointer<UInt64>, into out: UnsafeMutableBufferPointer<UInt32>
  ) throws {
    precondition(out.count >= ids.count && column.rowWidth == 4, "room for other rows than those of the column")
    let fill = UInt32(repeating: column.fill)
    try forEachRow(of: column, ids) { index, row in
      out[index] = row.map { UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)) } ?? fill
    }
  }

  /// Calls `body` with the index of each id whose sample was deleted, in ascending order of the ids.
  /// - Throws: as `forEachRow`.
  public func forEachDeleted(_ ids: UnsafeBufferPointer<UInt64>, _ body: (_ index: Int) throws -> Void) throws {
    try forEachRow(of: Column.tombstone, ids) { index, row in
      if let row, row[0] != 0 { try body(index) }
    }
  }

  /// Calls `body` with the index of each id, and whether its sample is there: not deleted, and not beyond the last one.
  /// - Throws: `store.corrupted`; what `body` throws.
  public func forEachPresence(
    _ ids: UnsafeBufferPointer<UInt64>, _ body: (_ index: Int, _ isPresent: Bool) throws -> Void
  ) throws {
    let rowsPerChunk = UInt64(Column.tombstone.rowsPerChunk)
    var current: (number: UInt64, chunk: ColumnChunk?)?
    try AscendingOrder.forEach(ids) { index, id in
      guard id < state.counters.nextSample else { return try body(index, false) }
      let (number, row) = id.quotientAndRemainder(dividingBy: rowsPerChunk)
      if current?.number != number { current = (number, try chunk(Column.tombstone, of: id)) }
      guard let chunk = current?.chunk, row < UInt64(chunk.count) else { return try body(index, true) }
      try body(index, chunk.uint8(Int(row)) == 0)
    }
  }

  /// Calls `body` with the index of each id and its sample's vector in a space, in place; nil for samples that have none, the
  /// deleted ones among them. Valid only inside it.
  /// - Throws: as `forEachRow`.
  /// - Complexity: as `forEachRow`, three times.
  public func forEachVector(
    of ids: UnsafeBufferPointer<UInt64>, in space: EmbeddingSpace,
    _ body: (_ index: Int, _ vector: UnsafeRawBufferPointer?) throws -> Void
  ) throws {
    try withUnsafeTemporaryAllocation(of: Bool.self, capacity: max(ids.count, 1)) { hasVector in
      try forEachRow(of: space.states, ids) { index, row in
        hasVector.initializeElement(at: index, to: row?[0] == VectorState.present.rawValue)
      }
      try forEachDeleted(ids) { hasVector[$0] = false }
      try forEachRow(of: space.vectors, ids) { index, row in
        guard hasVector[index] else { return try body(index, nil) }
        guard let row else { throw CohortError.missing("The vector of sample \(ids[index])") }
        try body(index, row)
      }
    }
  }

  /// - Throws: `store.unknown-sample` unless the store has or had a sample of that id.
  private func check(_ id: UInt64) throws {
    guard id < state.counters.nextSample else { throw CohortError.unknownSample(id, of: state.counters.nextSample) }
  }
}
