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

  /// The indices of suspects that may lie within their limits of a column, of their own choices if they have any, or that
  /// have no usable vector; all of them when the vectors cannot be read in place.
  func near(
    _ suspects: Suspects, to columns: ColumnSet, _ features: any SampleFeatures, _ path: cohort_path
  ) throws -> [Int] {
    guard suspects.count > 0 else { return [] }
    var near: [Int] = []
    let isDone = try features.withHalfVectors(of: suspects.ids, dimension: dimension) { start, rows in
      guard !rows.isEmpty else { return }
      guard let first = rows.baseAddress, rows.allSatisfy({ $0 != nil }) else {
        // Reading them one by one tells which one has no vector.
        return near += start..<(start + rows.count)
      }
      if least.count < rows.count { least = [Float](repeating: 0, count: rows.count) }
      if suspects.counts[start] > 0 {
        cohort_least_scores_of_few(
          path, first, rows.count, dimension, columns.plain, columns.packed,
          suspects.choices + start * Suspects.mostChoices, suspects.counts + start, &least)
      } else {
        cohort_least_scores_of_halves(
          path, first, rows.count, dimension, columns.packed, columns.count, scratch, &least)
      }
      for i in rows.indices {
        // Rows have length 1 within 1e-6: this is below the true squared distance to every column.
        let bound = 1 + 2 * (Double(least[i]) - 2 * columns.scoreError) - 1e-6
        if bound <= Double(suspects.limits[start + i]) * (1 + 1e-6) { near.append(start + i) }
      }
    }
    return isDone ? near : Array(0..<suspects.count)
  }
}
