internal import CSQLiteTables
internal import CohortCore

/// A cursor of a table, on the host's side: gives batch after batch of the rows that fulfil the conditions it took.
///
/// Memory is bounded by blocks of rows, whatever the table's size.
class Scan {
  let session: TableSession

  init(_ session: TableSession) { self.session = session }

  /// Begins, also anew. `advance` gives the first batch.
  func begin(_ arguments: ScanArguments) throws {}

  /// Fills the next batch; leaves it without rows at the end.
  func advance(_ batch: UnsafeBatch) throws {}

  /// Sets a column of the batch that `advance` left out because it need not be read by everybody.
  func load(_ column: Int, _ batch: UnsafeBatch) throws {}

  /// A value of a column that is set one by one. Valid until the next call.
  func value(_ column: Int, row: Int) throws -> cohort_sql_value { .null }
}
