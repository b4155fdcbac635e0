internal import CSQLiteTables

/// A scan over rows that are few, and whose values are asked for one by one. Subclasses say which part comes next, and what the
/// values of its rows are.
class RowScan: Scan {
  /// Makes the next part the current one.
  /// - Returns: how many rows it has; nil when there is none.
  func nextPart() throws -> Int? { nil }

  /// How many columns the table has.
  var columnCount: Int { 0 }

  override func advance(_ batch: UnsafeBatch) throws {
    while let count = try nextPart() {
      try session.checkStop()
      guard count > 0 else { continue }
      batch.setRows(count)
      for column in 0..<columnCount { batch.setEach(column) }
      return
    }
  }
}
