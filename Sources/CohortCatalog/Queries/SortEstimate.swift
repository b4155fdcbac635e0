internal import CohortSystem

/// How long SQLite may sort what a statement has in memory. It sorts all of it in one instruction, which nobody can interrupt:
/// so a statement that could not be done with it soon after its deadline has to end before.
struct SortEstimate {
  /// Columns that are compared, of the sorter with the most of them.
  var keys: Int
  /// Whether texts are compared by more than their bytes.
  var hasCollation: Bool

  /// The most seconds that sorting takes, and giving the memory back: comparisons times the time of one. Every row has a
  /// header with a byte for each column, so that memory bounds the rows.
  ///
  /// The constants are upper bounds of what was measured with rows of 1 to 150 keys: 6 to 14 ns a comparison with one key,
  /// 4 to 5 ns more for each further one, 0.11 µs for a row that goes away; 1 ns for a byte of texts that differ at their ends
  /// only, by a collation, and a sixteenth of it by `memcmp`.
  func seconds(bytes: Int64) -> Double {
    let bytes = Double(max(bytes, 0))
    let rows = bytes / Double(24 + keys) + 2
    let comparison = rows * Double(8 + 6 * keys) + bytes / (hasCollation ? 1 : 16)
    return (log2(rows) * comparison + rows * 110) * 1e-9
  }
}
