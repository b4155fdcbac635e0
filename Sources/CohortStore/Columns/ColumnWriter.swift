internal import CohortLMDB

/// The chunks that a write transaction has changed, in memory until the transaction ends: each chunk is read once and
/// written once, however many rows of it change.
///
/// Used by one transaction, on the writer thread.
final class ColumnWriter {
  private struct Buffer {
    var column: Column
    var chunk: UInt64
    /// Header and rows, as stored.
    var bytes: [UInt8]
    var isDirty: Bool
  }

  private let transaction: UnsafeTransaction
  private let table: Table
  private let state: TransactionState
  private var buffers: [UInt64: Buffer] = [:]
  private var bufferedBytes = 0
  private static let limit = 256 << 20

  init(_ transaction: UnsafeTransaction, table: Table, state: TransactionState) {
    self.transaction = transaction
    self.table = table
    self.state = state
  }

  /// Sets the row of sample `row`. `bytes` must have the column's row width.
  func set(_ column: Column, row: UInt64, _ bytes: UnsafeRawBufferPointer) throws {
    precondition(bytes.count == column.rowWidth, "a row of another width")
    try withChunk(column, row) { buffer, offset in
      buffer.bytes.withUnsafeMutableBytes { memory in
        UnsafeMutableRawBufferPointer(rebasing: memory[offset...]).copyMemory(from: bytes)
      }
      buffer.isDirty = true
    }
  }

  func set(_ column: Column, row: UInt64, _ value: UInt32) throws {
    try withUnsafeBytes(of: value.littleEndian) { try set(column, row: row, $0) }
  }

  func set(_ column: Column, row: UInt64, _ value: UInt8) throws {
    try withUnsafeBytes(of: value) { try set(column, row: row, $0) }
  }

  func set(_ column: Column, row: UInt64, _ value: Float) throws {
    try set(column, row: row, value.bitPattern)
  }

  /// Sets `values.count` consecutive rows of a `uint32` column.
  func set(_ column: Column, from row: UInt64, _ values: [UInt32]) throws {
    var done = 0
    while done < values.count {
      let at = row + UInt64(done)
      let place = Int(at % UInt64(column.rowsPerChunk))
      let count = min(values.count - done, column.rowsPerChunk - place)
      try withChunk(column, at + UInt64(count) - 1) { buffer, _ in
        buffer.bytes.withUnsafeMutableBytes { memory in
          for i in 0..<count {
            let offset = ColumnChunk.headerSize + (place + i) * 4
            memory.storeBytes(of: values[done + i].littleEndian, toByteOffset: offset, as: UInt32.self)
          }
        }
        buffer.isDirty = true
      }
      done += count
    }
  }

  /// Gives a scalar column rows up to `end`, where it has all before `start`.
  func extend(_ column: Column, from start: UInt64, to end: UInt64) throws {
    var row = start
    while row < end {
      let next = min((row / UInt64(column.rowsPerChunk) + 1) * UInt64(column.rowsPerChunk), end)
      try withChunk(column, next - 1) { buffer, _ in buffer.isDirty = true }
      row = next
    }
  }

  /// The value of a `uint32` column, changes of this transaction included.
  func uint32(_ column: Column, row: UInt64) throws -> UInt32 {
    try value(column, row: row) { $0.loadUnaligned(as: UInt32.self) }
  }

  /// The value of a `uint8` column, changes of this transaction included.
  func uint8(_ column: Column, row: UInt64) throws -> UInt8 { try value(column, row: row) { $0[0] } }

  private func value<R>(_ column: Column, row: UInt64, _ body: (UnsafeRawBufferPointer) -> R) throws -> R {
    let buffer = try load(column, chunk: row / UInt64(column.rowsPerChunk))
    let offset = ColumnChunk.headerSize + Int(row % UInt64(column.rowsPerChunk)) * column.rowWidth
    guard offset + column.rowWidth <= buffer.bytes.count else {
      return [UInt8](repeating: column.fill, count: column.rowWidth).withUnsafeBytes(body)
    }
    return buffer.bytes.withUnsafeBytes {
      body(UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + column.rowWidth)]))
    }
  }

  private func withChunk(_ column: Column, _ row: UInt64, _ body: (inout Buffer, Int) -> Void) throws {
    let chunk = row / UInt64(column.rowsPerChunk)
    let offset = ColumnChunk.headerSize + Int(row % UInt64(column.rowsPerChunk)) * column.rowWidth
    let key = column.key(ofChunk: chunk)
    _ = try load(column, chunk: chunk)
    // Changed in the dictionary, so that the bytes are not copied.
    withUnsafeMutablePointer(to: &buffers[key]) { slot in
      guard var buffer = slot.pointee else { return }
      slot.pointee = nil
      let need = offset + column.rowWidth
      if buffer.bytes.count < need {
        let added = need - buffer.bytes.count
        buffer.bytes.append(contentsOf: repeatElement(column.fill, count: added))
        bufferedBytes += added
      }
      body(&buffer, offset)
      slot.pointee = buffer
    }
  }

  private func load(_ column: Column, chunk: UInt64) throws -> Buffer {
    let key = column.key(ofChunk: chunk)
    if let buffer = buffers[key] { return buffer }
    if bufferedBytes > Self.limit { try flush() }
    var bytes = [UInt8](repeating: 0, count: ColumnChunk.headerSize)
    if let stored = try transaction.get(table, key) {
      _ = try ColumnChunk(stored, of: column, chunk: chunk, settledRows: state.settledRows)
      bytes = [UInt8](stored)
    } else {
      try column.mayLack(chunk: chunk, settledRows: state.settledRows)
    }
    let buffer = Buffer(column: column, chunk: chunk, bytes: bytes, isDirty: false)
    buffers[key] = buffer
    bufferedBytes += bytes.count
    return buffer
  }

  /// Writes the changed chunks into the transaction, in key order, and forgets all.
  func flush() throws {
    for key in buffers.keys.sorted() {
      guard var buffer = buffers.removeValue(forKey: key), buffer.isDirty else { continue }
      let column = buffer.column
      let rows = UInt32((buffer.bytes.count - ColumnChunk.headerSize) / column.rowWidth)
      try buffer.bytes.withUnsafeMutableBytes { memory in
        memory[8] = ColumnChunk.layoutVersion
        memory[9] = column.element.rawValue
        memory.storeBytes(of: rows.littleEndian, toByteOffset: 12, as: UInt32.self)
        memory.storeBytes(of: UInt32(column.elementsPerRow).littleEndian, toByteOffset: 16, as: UInt32.self)
        Sealed.close(memory, SealPlace(.columns, key))
        try transaction.put(table, key, UnsafeRawBufferPointer(memory))
        state.sound.forget(SoundValues.Key(chunk: key))
      }
    }
    bufferedBytes = 0
  }
}
