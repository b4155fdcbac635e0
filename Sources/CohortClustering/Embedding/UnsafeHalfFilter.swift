internal import CohortKernels

/// Rules out samples that are certainly not nearer to any of some centroids, straight from the stored half floats.
final class HalfFilter {
  private let dimension: Int
  private let scratch: UnsafeMutablePointer<Float>
  private var least: [Float] = []

  init(dimension: Int) {
    self.dimension = dimension
    scratch = UnsafeMutableRawPointer.allocate(byteCount: cohort_half_scratch(dimension) * 4, alignment: 64)
      .bindMemory(to: Float.self, capacity: cohort_half_scratch(dimension))
    scratch.initialize(repeating: 0, count: cohort_half_scratch(dimension))
  }

  deinit { UnsafeMutableRawPointer(scratch).deallocate() }

  /// Calls `keep` with the index of each sample that may lie within its limit of a column, or has no usable vector.
  /// - Parameters:
  ///   - limits: squared distances, one a sample.
  ///   - few: the columns of each sample, COHORT_FEW places for each, and how many they are; nil for all columns.
  /// - Returns: false when the vectors cannot be read in place; nothing was done then.
  func forEachNear(
    _ samples: [UInt64], limits: [Float], to columns: ColumnSet, few: (choices: [UInt32], counts: [UInt8])?,
    _ features: any SampleFeatures, _ path: cohort_path, _ keep: (Int) -> Void
  ) throws -> Bool {
    try samples.withUnsafeBufferPointer { samples in
      try features.withHalfVectors(of: samples, dimension: dimension) { start, rows in
        guard let first = rows.baseAddress, rows.allSatisfy({ $0 != nil }) else {
          // Reading them one by one tells which one has no vector.
          return rows.indices.forEach { keep(start + $0) }
        }
        if least.count < rows.count { least = [Float](repeating: 0, count: rows.count) }
        if let few {
          few.choices.withUnsafeBufferPointer { choices in
            few.counts.withUnsafeBufferPointer { counts in
              guard let choices = choices.baseAddress, let counts = counts.baseAddress else { return }
              cohort_least_scores_of_few(
                path, first, rows.count, dimension, columns.plain, columns.packed,
                choices + start * Int(COHORT_FEW), counts + start, &least)
            }
          }
        } else {
          cohort_least_scores_of_halves(
            path, first, rows.count, dimension, columns.packed, columns.count, scratch, &least)
        }
        for i in rows.indices {
          // Rows have length 1 within 1e-6: this is below the true squared distance to every column.
          let bound = 1 + 2 * (Double(least[i]) - 2 * columns.scoreError) - 1e-6
          if bound <= Double(limits[start + i]) * (1 + 1e-6) { keep(start + i) }
        }
      }
    }
  }
}
