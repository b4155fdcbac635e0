internal import CohortSystem
internal import CohortLMDB

/// The checksums of chunks that were found right, so that whoever reads a few rows here and there, again and again, checks
/// each chunk once and not each time. A chunk that was written anew has another checksum, and is checked again.
///
/// May be used by several threads.
public final class SoundChunks: Sendable {
  private let checksums = Locked<[UInt64: UInt64]>([:])

  public init() {}

  /// Forgets everything: damage that came meanwhile is found again.
  public func removeAll() { checksums.withLock { $0.removeAll() } }

  /// Whether the chunk under a key was found right when it had this checksum.
  func contains(_ checksum: UInt64, of key: UInt64) -> Bool { checksums.withLock { $0[key] == checksum } }

  func insert(_ checksum: UInt64, of key: UInt64) { checksums.withLock { $0[key] = checksum } }
}

extension ReadTransaction {
  /// As `withChunk(_:of:_:)`, but without checking a chunk again that `sound` knows.
  public func withChunk<R>(
    _ column: Column, of row: UInt64, sound: SoundChunks, _ body: (ColumnChunk?) throws -> R
  ) throws -> R {
    let number = row / UInt64(column.rowsPerChunk)
    let key = column.key(ofChunk: number)
    guard let stored = try unsafe.get(tables.columns, key), stored.count >= Sealed.headerSize else {
      return try withChunk(column, of: row, body)
    }
    let checksum = stored.loadUnaligned(as: UInt64.self)
    let isKnown = sound.contains(checksum, of: key)
    let chunk = try ColumnChunk(
      stored, of: column, chunk: number, settledRows: state.settledRows, isChecked: isKnown)
    if !isKnown { sound.insert(checksum, of: key) }
    return try body(chunk)
  }
}
