internal import CSQLiteTables

/// A batch of rows that SQLite steps through next, to be filled. Whatever is set must stay where it is until the next batch is
/// asked for.
struct UnsafeBatch {
  private let batch: UnsafeMutablePointer<cohort_sql_batch>

  init(_ batch: UnsafeMutablePointer<cohort_sql_batch>) { self.batch = batch }

  /// The rows: all indices below `count`, or those in `rows`.
  func setRows(_ count: Int, _ rows: UnsafePointer<UInt16>? = nil) {
    batch.pointee.count = Int64(count)
    batch.pointee.rows = rows
  }

  private subscript(column: Int) -> UnsafeMutablePointer<cohort_sql_column> {
    precondition(column < Int(COHORT_SQL_COLUMNS), "more columns than a batch has")
    return withUnsafeMutablePointer(to: &batch.pointee.columns) {
      UnsafeMutableRawPointer($0).assumingMemoryBound(to: cohort_sql_column.self) + column
    }
  }

  private func set(_ column: Int, _ kind: cohort_sql_kind, _ fill: (inout cohort_sql_column) -> Void = { _ in }) {
    var made = cohort_sql_column()
    made.kind = Int32(kind.rawValue)
    fill(&made)
    self[column].pointee = made
  }

  /// `Scan.value` is asked for each value.
  func setEach(_ columns: Int...) { for column in columns { set(column, COHORT_SQL_EACH) } }

  /// All rows have the same value.
  func setSame(_ column: Int, _ value: cohort_sql_value) { set(column, COHORT_SQL_SAME) { $0.same = value } }

  /// The value is a row's index and `first`.
  func setCounted(_ column: Int, from first: UInt64) {
    set(column, COHORT_SQL_COUNTED) { $0.first = Int64(clamping: first) }
  }

  /// Values lie in an array, an element for each index.
  /// - Parameter none: the element that stands for NULL.
  func set(_ column: Int, _ kind: cohort_sql_kind, _ data: UnsafeRawPointer?, none: UInt32? = nil) {
    set(column, kind) {
      $0.data = data
      $0.has_none = none == nil ? 0 : 1
      $0.none = none ?? 0
    }
  }

  /// Numbers of names lie in an array of `uint32`.
  func setNames(_ column: Int, _ data: UnsafeRawPointer?, _ names: NameList, none: UInt32? = nil) {
    set(column, COHORT_SQL_NAMES) {
      $0.data = data
      $0.names = UnsafePointer(names.values.baseAddress)
      $0.name_count = UInt32(names.values.count)
      $0.has_none = none == nil ? 0 : 1
      $0.none = none ?? 0
    }
  }
}
