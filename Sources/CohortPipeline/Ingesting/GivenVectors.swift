internal import CohortCore
internal import CohortIngestion
internal import CohortStore
internal import CohortVectors

/// Vectors that the user gave for the records of one call: row i belongs to record i.
struct GivenVectors {
  let reader: NPYReader
  let space: EmbeddingSpace

  /// What a piece of the records gets.
  struct Rows {
    var rows: VectorRows
    /// Samples whose row is zero or not finite, and the numbers of those rows in the file, from 0.
    var without: [SampleID] = []
    var unusable: [UInt64] = []
  }

  /// The vectors of records `first ..< first + samples.count`. Rejected records (nil) are passed over; a sample named
  /// twice gets its first usable row.
  func rows(from first: UInt64, for samples: [SampleID?]) throws -> Rows {
    var result = Rows(rows: VectorRows(for: space, capacity: samples.count))
    let dimension = space.dimension
    try reader.withRows(Int(first)..<Int(first) + samples.count) { values, _ in
      for (index, id) in samples.enumerated() {
        guard let id else { continue }
        let row = UnsafeBufferPointer(rebasing: values[(index * dimension)..<((index + 1) * dimension)])
        guard result.rows.append(row, of: id) else {
          result.without.append(id)
          result.unusable.append(first + UInt64(index))
          continue
        }
      }
    }
    return result
  }
}
