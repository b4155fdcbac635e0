internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// A scan over columns of samples, in ascending order of the ids: block after block of up to 4,096 samples, for one part after
/// the other (all groupings in turn, for example). Columns are read in place.
///
/// Subclasses say which parts there are, which rows of a block are theirs, and what the columns of the batch are.
class BlockScan: Scan {
  /// Samples of a block: those of a chunk of a column with one value a row.
  static let blockRows = 4096
  /// Blocks without a row between two looks at the clock.
  private static let patience = 16

  /// Ids that the statement wants.
  private(set) var wanted = IntegerFilter()
  private var place = 0
  private var partCount = 0
  private(set) var part = -1
  private var next: UInt64 = 0
  private var end: UInt64 = 0
  /// The block that the batch is of.
  private(set) var block: Range<UInt64> = 0..<0
  private let rows = UnsafeMutablePointer<UInt16>.allocate(capacity: blockRows)
  /// Room for rows that were never written, by the column's index among those that are read.
  private var spare: [Int: UnsafeMutableRawPointer] = [:]

  deinit {
    rows.deallocate()
    for memory in spare.values { memory.deallocate() }
  }

  // MARK: What subclasses say

  /// How many parts there are. Called once for each beginning.
  func countParts(_ arguments: ScanArguments, _ transaction: borrowing ReadTransaction) throws -> Int { 1 }

  /// Where the ids are among the table's columns.
  var idColumn: Int { 0 }

  /// Rows of a block that belong to the part: keeps those of `rows`, and says how many there are.
  func select(
    _ rows: UnsafeMutablePointer<UInt16>, _ count: Int, _ transaction: borrowing ReadTransaction
  ) throws -> Int { count }

  /// Sets the columns of a batch. Those that it leaves out are asked for by `load`.
  func describe(_ batch: UnsafeBatch) throws {}

  // MARK: Scanning

  override func begin(_ arguments: ScanArguments) throws {
    wanted = arguments.integers(idColumn)
    part = -1
    (next, end) = (0, 0)
    partCount = try session.read { transaction in
      // Ids are what they are: none is negative, and none is beyond the last.
      wanted.low = max(wanted.low, 0)
      wanted.high = min(wanted.high, Int64(clamping: try transaction.counters.nextSample) - 1)
      return wanted.isEmpty ? 0 : try countParts(arguments, transaction)
    }
  }

  override func advance(_ batch: UnsafeBatch) throws {
    var looked = 0
    while true {
      while next >= end {
        part += 1
        guard part < partCount else { return }
        place = wanted.list.map { IntegerFilter.first(in: $0, notBelow: wanted.low) } ?? 0
        (next, end) = (UInt64(wanted.low), UInt64(wanted.high) + 1)
      }
      looked += 1
      if looked % Self.patience == 0 { try session.checkStop() }
      var count = fillRows()
      guard count > 0 else { continue }
      count = try session.read { try select(rows, count, $0) }
      guard count > 0 else { continue }
      batch.setRows(count, count == block.count ? nil : rows)
      return try describe(batch)
    }
  }

  /// Lists the wanted rows of the next block that may have some, and moves on behind it.
  private func fillRows() -> Int {
    var count = 0
    if let list = wanted.list {
      guard place < list.count, list[place] <= wanted.high else {
        next = end
        return 0
      }
      next = UInt64(list[place])
    }
    let start = next / UInt64(Self.blockRows) * UInt64(Self.blockRows)
    block = start..<min(start + UInt64(Self.blockRows), end)
    if let list = wanted.list {
      while place < list.count, list[place] < Int64(block.upperBound) {
        rows[count] = UInt16(truncatingIfNeeded: UInt64(list[place]) - start)
        (count, place) = (count + 1, place + 1)
      }
    } else {
      for row in Int(next - start)..<block.count {
        rows[count] = UInt16(truncatingIfNeeded: row)
        count += 1
      }
    }
    next = block.upperBound
    return count
  }

  // MARK: Columns

  /// Where the block's rows of a column lie: in the map, or in memory of the scan where some were never written. Valid until
  /// the next block. The column has 4,096 rows a chunk.
  /// - Parameter slot: one for each column that is read of a block at the same time.
  func data(
    _ column: Column, slot: Int, _ transaction: borrowing ReadTransaction
  ) throws -> UnsafeRawPointer {
    let bytes = block.count * column.rowWidth
    let chunk = try transaction.chunk(column, of: block.lowerBound)
    if let chunk, chunk.data.count >= bytes, let start = chunk.data.baseAddress { return start }
    let memory =
      spare[slot]
      ?? .allocate(byteCount: Self.blockRows * MemoryLayout<UInt32>.size, alignment: 16)
    spare[slot] = memory
    memory.initializeMemory(as: UInt8.self, repeating: column.fill, count: bytes)
    if let data = chunk?.data, let start = data.baseAddress { memory.copyMemory(from: start, byteCount: data.count) }
    return UnsafeRawPointer(memory)
  }

  /// The same, beginning the state that is read where that has to be.
  func data(_ column: Column, slot: Int) throws -> UnsafeRawPointer {
    try session.read { try data(column, slot: slot, $0) }
  }

  /// Keeps rows of samples that were not deleted.
  func keepLive(
    _ rows: UnsafeMutablePointer<UInt16>, _ count: Int, _ transaction: borrowing ReadTransaction
  ) throws -> Int {
    guard count > 0 else { return 0 }
    let tombstones = try data(Column.tombstone, slot: -1, transaction)
    return Int(cohort_sql_keep_bytes(tombstones, 0, rows, Int64(count)))
  }

  /// Keeps rows whose value in a column of numbers is one of some, which ascend; all rows where that is nil.
  func keep(
    _ words: [UInt32]?, in column: Column, slot: Int, _ rows: UnsafeMutablePointer<UInt16>, _ count: Int,
    _ transaction: borrowing ReadTransaction
  ) throws -> Int {
    guard let words, count > 0 else { return count }
    let values = try data(column, slot: slot, transaction)
    return Int(cohort_sql_keep_words(values, words, Int64(words.count), rows, Int64(count)))
  }
}
