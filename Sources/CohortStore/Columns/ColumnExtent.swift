internal import CohortCore

/// Which rows of a column are known to have been written, so that a chunk that a damaged page hides is told from one that
/// never was.
enum ColumnExtent: Hashable, Sendable {
  /// A row for every sample.
  case everySample
  /// All rows before this one.
  case rows(UInt64)
  /// These chunks, with any number of rows; ascending, apart from one another.
  case chunks([Range<UInt64>])

  /// Adds a chunk to ranges. - Returns: whether it is new.
  static func add(_ chunk: UInt64, to ranges: inout [Range<UInt64>]) -> Bool {
    let at = ranges.firstIndex { chunk <= $0.upperBound } ?? ranges.endIndex
    guard at < ranges.endIndex, chunk + 1 >= ranges[at].lowerBound else {
      ranges.insert(chunk..<(chunk + 1), at: at)
      return true
    }
    if ranges[at].contains(chunk) { return false }
    if chunk + 1 == ranges[at].lowerBound {
      ranges[at] = chunk..<ranges[at].upperBound
    } else if at + 1 < ranges.endIndex, ranges[at + 1].lowerBound == chunk + 1 {
      ranges[at] = ranges[at].lowerBound..<ranges[at + 1].upperBound
      ranges.remove(at: at + 1)
    } else {
      ranges[at] = ranges[at].lowerBound..<(chunk + 1)
    }
    return true
  }
}

extension Column {
  /// How many rows a chunk must have at least.
  func rowsRequired(inChunk chunk: UInt64, settledRows: UInt64) -> Int {
    let rows: UInt64
    switch extent {
    case .everySample: rows = settledRows
    case .rows(let count): rows = count
    case .chunks: return 0
    }
    let first = chunk * UInt64(rowsPerChunk)
    return rows <= first ? 0 : Int(min(rows - first, UInt64(rowsPerChunk)))
  }

  /// The first chunk from `chunk` on that must be there.
  func requiredChunk(from chunk: UInt64, settledRows: UInt64) -> UInt64? {
    guard case .chunks(let ranges) = extent else {
      return rowsRequired(inChunk: chunk, settledRows: settledRows) > 0 ? chunk : nil
    }
    guard let range = ranges.first(where: { $0.upperBound > chunk }) else { return nil }
    return max(range.lowerBound, chunk)
  }

  /// - Throws: `store.corrupted` if the chunk must be there.
  func mayLack(chunk: UInt64, settledRows: UInt64) throws {
    guard requiredChunk(from: chunk, settledRows: settledRows) == chunk else { return }
    throw CohortError.missing("Chunk \(chunk) of column \(number)")
  }
}
