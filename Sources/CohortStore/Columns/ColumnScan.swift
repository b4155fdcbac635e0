public import CohortCore

/// The rows of consecutive samples in some columns, side by side and in place. Valid only inside the closure that got it.
///
/// Columns are named by their index in the list that the scan was asked for.
public struct ColumnBlock {
  /// The sample of row 0.
  public let first: UInt64
  /// Rows in the block: 1 to 4,096.
  public let count: Int
  @usableFromInline let columns: UnsafeBufferPointer<UnsafeRawPointer>
  @usableFromInline let widths: [Int]
  /// A byte a row, not 0 for a deleted sample; nil when the scan does not look at that.
  @usableFromInline let deleted: UnsafeRawPointer?

  /// The sample of a row.
  @inlinable public func id(_ row: Int) -> SampleID { SampleID(first + UInt64(row)) }

  /// Whether the sample of a row was deleted; false when the scan does not look at that.
  @inlinable public func isDeleted(_ row: Int) -> Bool {
    deleted.map { $0.load(fromByteOffset: row, as: UInt8.self) != 0 } ?? false
  }

  /// A row of a `uint8` column.
  @inlinable public func uint8(_ column: Int, _ row: Int) -> UInt8 {
    columns[column].load(fromByteOffset: row, as: UInt8.self)
  }

  /// A row of a `uint32` column.
  @inlinable public func uint32(_ column: Int, _ row: Int) -> UInt32 {
    UInt32(littleEndian: columns[column].loadUnaligned(fromByteOffset: row * 4, as: UInt32.self))
  }

  /// A row of a `float32` scalar column.
  @inlinable public func float32(_ column: Int, _ row: Int) -> Float { Float(bitPattern: uint32(column, row)) }

  /// The bytes of a row of any column: a vector, for example.
  @inlinable public func bytes(_ column: Int, _ row: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: columns[column] + row * widths[column], count: widths[column])
  }
}

extension ReadTransaction {
  /// The one way to read columns from end to end: calls `body` with block after block of consecutive samples, ascending,
  /// until it returns false. Blocks have at most 4,096 rows, fewer with columns of long vectors, and lie in place where
  /// the rows were written. Rows that never were read as their column's fill.
  /// - Parameters:
  ///   - columns: in the order in which the block names them; none to learn only which samples are deleted.
  ///   - rows: the samples; nil for all. Those that the store does not have are left out.
  ///   - areDeletedMarked: whether `ColumnBlock.isDeleted` is asked; deleted samples are among the rows all the same.
  /// - Throws: `store.corrupted` for a chunk that is damaged, or must be there and is not; what `body` throws.
  /// - Complexity: O(bytes of the rows), each chunk checked once; memory for one block of rows that were never written.
  public func forEachBlock(
    of columns: [Column], in rows: Range<UInt64>? = nil, areDeletedMarked: Bool = true,
    _ body: (ColumnBlock) throws -> Bool
  ) throws {
    let all = columns + (areDeletedMarked ? [Column.tombstone] : [])
    let widths = all.map(\.rowWidth)
    let blockRows = all.reduce(Column.scalarRows) { min($0, $1.rowsPerChunk) }
    let end = min(rows?.upperBound ?? .max, state.counters.nextSample)
    try withUnsafeTemporaryAllocation(byteCount: blockRows * widths.reduce(1, +), alignment: 16) { memory in
      try withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: all.count + 1) { places in
        var row = rows?.lowerBound ?? 0
        while row < end {
          let next = min((row / UInt64(blockRows) + 1) * UInt64(blockRows), end)
          var spare = 0
          for (index, column) in all.enumerated() {
            let room = UnsafeMutableRawBufferPointer(rebasing: memory[spare..<(spare + blockRows * widths[index])])
            spare += room.count
            guard let place = try self.rows(row..<next, of: column, spare: room).baseAddress else { return }
            places.initializeElement(at: index, to: place)
          }
          let block = ColumnBlock(
            first: row, count: Int(next - row), columns: UnsafeBufferPointer(rebasing: places[..<columns.count]),
            widths: widths, deleted: areDeletedMarked ? places[columns.count] : nil)
          guard try body(block) else { return }
          row = next
        }
      }
    }
  }

  /// Rows that lie in one chunk: in place, or put together in `spare` when they were not all written.
  private func rows(
    _ rows: Range<UInt64>, of column: Column, spare: UnsafeMutableRawBufferPointer
  ) throws -> UnsafeRawBufferPointer {
    let start = Int(rows.lowerBound % UInt64(column.rowsPerChunk)) * column.rowWidth
    let end = start + rows.count * column.rowWidth
    let data = try chunk(column, of: rows.lowerBound)?.data
    if let data, data.count >= end { return UnsafeRawBufferPointer(rebasing: data[start..<end]) }
    spare.initializeMemory(as: UInt8.self, repeating: column.fill)
    if let data, data.count > start { spare.copyMemory(from: UnsafeRawBufferPointer(rebasing: data[start...])) }
    return UnsafeRawBufferPointer(rebasing: spare[..<(end - start)])
  }
}
