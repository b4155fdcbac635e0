public import CohortCore
internal import CohortLMDB

/// A consistent state of the whole store, for the length of a closure. Everything read is checked against its checksum;
/// buffers are valid only inside the closure that gets them.
///
/// What must be there and is not is an error, too: damaged pages can hide a value as well as change it.
public struct ReadTransaction: ~Copyable {
  let unsafe: UnsafeTransaction
  let tables: StoreTables
  let codecs: PayloadCodecs
  let state: TransactionState

  /// - Parameters:
  ///   - base: the number of the LMDB transaction whose result this one sees.
  init(
    _ unsafe: UnsafeTransaction, base: UInt64, tables: StoreTables, codecs: PayloadCodecs, time: Int64 = 0
  ) throws {
    self.unsafe = unsafe
    self.tables = tables
    self.codecs = codecs
    guard let stored = try unsafe.get(tables.meta, StoreCounters.key) else {
      throw CohortError.corrupted("The store's counters", cause: "they are missing")
    }
    let counters = try StoreCounters(stored)
    // Every transaction writes the counters, so another number means an old tree under a new root. A compacted copy
    // starts again with 1.
    guard counters.transaction == base || base <= 1 else {
      throw CohortError.corrupted(
        "The store's counters", cause: "they are of transaction \(counters.transaction), and this is \(base)")
    }
    state = TransactionState(counters: counters, packing: try PackedTables.state(unsafe, tables), time: time)
  }

  /// The store's counters.
  public var counters: StoreCounters {
    get throws { state.counters }
  }

  /// A log entry; nil beyond the last one.
  public func entry(_ sequence: LogSequence) throws -> LogEntry? {
    guard let stored = try unsafe.get(tables.log, sequence.rawValue) else {
      guard sequence == .none || sequence > state.counters.lastSequence else {
        throw CohortError.missing("Log entry \(sequence)")
      }
      return nil
    }
    return try LogEntry(sequence: sequence, stored)
  }

  /// Calls `body` with each entry from `sequence` on, in order, until it returns false.
  public func forEachEntry(from sequence: LogSequence = LogSequence(1), _ body: (LogEntry) throws -> Bool) throws {
    try forEachStoredEntry(from: sequence) { try body(try LogEntry(sequence: $0, $1)) }
  }

  /// The same with the entries as they are stored, not yet checked.
  func forEachStoredEntry(
    from sequence: LogSequence, _ body: (LogSequence, UnsafeRawBufferPointer) throws -> Bool
  ) throws {
    var expected = max(sequence, LogSequence(1))
    var isWanted = true
    try unsafe.walk(tables.log, from: expected.rawValue) { key, value in
      guard key == expected.rawValue else { throw CohortError.missing("Log entry \(expected)") }
      isWanted = try body(expected, value)
      expected = expected.next
      return isWanted
    }
    guard !isWanted || expected > state.counters.lastSequence else {
      throw CohortError.missing("Log entry \(expected)")
    }
  }

  /// The chunk of a column that holds sample `row`, if any row of it was written.
  /// - Parameter shared: chunks that were found right in other transactions are not checked again; nil to check each chunk
  ///   once in this one.
  /// - Throws: `store.corrupted` for a chunk that is damaged, or must be there and is not.
  /// - Complexity: one look-up; a checksum of the chunk when it is read first in this transaction.
  public func withChunk<R>(
    _ column: Column, of row: UInt64, sound shared: SoundChunks? = nil, _ body: (ColumnChunk?) throws -> R
  ) throws -> R {
    try body(try chunk(column, of: row, sound: shared))
  }

  /// The chunk, for as long as the transaction lasts and nothing is written in it.
  package func chunk(_ column: Column, of row: UInt64, sound shared: SoundChunks? = nil) throws -> ColumnChunk? {
    let number = row / UInt64(column.rowsPerChunk)
    guard let stored = try unsafe.get(tables.columns, column.key(ofChunk: number)) else {
      try column.mayLack(chunk: number, settledRows: state.settledRows)
      return nil
    }
    return try chunk(number, of: column, stored, sound: shared)
  }

  private func chunk(
    _ number: UInt64, of column: Column, _ stored: UnsafeRawBufferPointer, sound shared: SoundChunks? = nil
  ) throws -> ColumnChunk {
    let stamp = column.key(ofChunk: number)
    let key = SoundValues.Key(chunk: stamp)
    guard !state.sound.contains(key) else {
      return try ColumnChunk(stored, of: column, chunk: number, settledRows: state.settledRows, isChecked: true)
    }
    let isShared = shared?.contains(stored, of: stamp) ?? false
    let chunk = try ColumnChunk(
      stored, of: column, chunk: number, settledRows: state.settledRows, isChecked: isShared)
    state.sound.insert(key, isVerified: !isShared)
    if !isShared { shared?.insert(stored, of: stamp) }
    return chunk
  }

  /// How many checksums of chunks and pieces of memberships this transaction has computed so far.
  package var verifications: UInt64 { state.sound.verifications }

  /// Calls `body` with each chunk of a column that was written, in order, from the one that holds sample `row`, until it
  /// returns false. Rows in chunks that are missing read as the column's fill.
  public func forEachChunk(_ column: Column, from row: UInt64 = 0, _ body: (ColumnChunk) throws -> Bool) throws {
    var next = row / UInt64(column.rowsPerChunk)
    var isWanted = true
    func check(before end: UInt64) throws {
      guard let required = column.requiredChunk(from: next, settledRows: state.settledRows), required < end else {
        return
      }
      try column.mayLack(chunk: required, settledRows: state.settledRows)
    }
    try unsafe.walk(tables.columns, from: column.key(ofChunk: next)) { key, value in
      guard key >> 32 == UInt64(column.number) else { return false }
      let number = key & 0xffff_ffff
      try check(before: number)
      next = number + 1
      isWanted = try body(try chunk(number, of: column, value))
      return isWanted
    }
    if isWanted { try check(before: .max) }
  }

  /// The value of a `uint32` column for one sample.
  public func uint32(_ column: Column, _ id: SampleID) throws -> UInt32 {
    try withChunk(column, of: id.rawValue) { chunk in
      let index = Int(id.rawValue % UInt64(column.rowsPerChunk))
      guard let chunk, index < chunk.count else { return UInt32(repeating: column.fill) }
      return chunk.uint32(index)
    }
  }

  /// The value of a `uint8` column for one sample.
  public func uint8(_ column: Column, _ id: SampleID) throws -> UInt8 {
    try withChunk(column, of: id.rawValue) { chunk in
      let index = Int(id.rawValue % UInt64(column.rowsPerChunk))
      guard let chunk, index < chunk.count else { return column.fill }
      return chunk.uint8(index)
    }
  }

  /// Whether a sample was deleted.
  public func isDeleted(_ id: SampleID) throws -> Bool { try uint8(Column.tombstone, id) != 0 }

  /// The lengths of a sample in the store's unit.
  public func lengths(_ id: SampleID) throws -> SampleLengths {
    SampleLengths(
      prompt: try uint32(Column.promptLength, id), response: try uint32(Column.responseLength, id),
      total: try uint32(Column.totalLength, id))
  }
}

extension UInt32 {
  init(repeating byte: UInt8) { self = UInt32(byte) &* 0x0101_0101 }
}
