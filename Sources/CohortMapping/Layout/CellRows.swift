internal import CohortVectors

/// Centroids as rows that a source would give: row `i` is that of sample `i`.
struct CellRows: RowSource {
  let rows: [[Float]]

  func readVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int, into values: UnsafeMutableBufferPointer<Float>,
    present: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    for (i, sample) in samples.enumerated() {
      present[i] = 1
      _ = UnsafeMutableBufferPointer(rebasing: values[(i * dimension)..<((i + 1) * dimension)])
        .update(from: rows[Int(sample)])
    }
  }
}
