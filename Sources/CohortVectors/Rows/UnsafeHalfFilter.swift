package import CohortKernels

/// Rules out samples that are certainly not nearer to any of some columns than a distance that is known, straight from the
/// stored half floats. Each worker has its own and uses it again.
package final class HalfFilter {
  /// Samples with what is known of each. Pointers are valid as long as whoever made them says.
  package struct Candidates {
    /// Columns that a sample may name as those it is compared with.
    package static let mostChoices = Int(COHORT_FEW)

    /// Runs of ascending ids.
    package let samples: UnsafeBufferPointer<UInt64>
    /// A squared distance a sample.
    package let limits: UnsafePointer<Float>
    /// `mostChoices` places a sample, and how many of them are taken; 0 for all samples when all columns count.
    package let choices: UnsafePointer<UInt32>
    package let counts: UnsafePointer<UInt8>

    package init(
      _ samples: UnsafeBufferPointer<UInt64>, limits: UnsafePointer<Float>, choices: UnsafePointer<UInt32>,
      counts: UnsafePointer<UInt8>
    ) {
      self.samples = samples
      self.limits = limits
      self.choices = choices
      self.counts = counts
    }
  }

  private let dimension: Int
  private let scratch: UnsafeMutablePointer<Float>
  private var least: [Float] = []

  package init(dimension: Int) {
    self.dimension = dimension
    scratch = UnsafeMutableRawPointer.allocate(byteCount: cohort_half_scratch(dimension) * 4, alignment: 64)
      .bindMemory(to: Float.self, capacity: cohort_half_scratch(dimension))
    scratch.initialize(repeating: 0, count: cohort_half_scratch(dimension))
  }

  deinit { UnsafeMutableRawPointer(scratch).deallocate() }

  /// The indices of candidates that may lie within their limits of a column, of their own choices if they have any, or that
  /// have no usable vector; all of them when the vectors cannot be read in place.
  /// - Throws: what `source` throws.
  /// - Complexity: candidates x columns products, or one for each choice.
  package func near(
    _ candidates: Candidates, to columns: ColumnSet, _ source: any RowSource, _ path: cohort_path
  ) throws -> [Int] {
    guard candidates.samples.count > 0 else { return [] }
    var near: [Int] = []
    let isDone = try source.withHalfVectors(of: candidates.samples, dimension: dimension) { start, rows in
      guard !rows.isEmpty else { return }
      guard let first = rows.baseAddress, rows.allSatisfy({ $0 != nil }) else {
        // Reading them one by one tells which one has no vector.
        return near += start..<(start + rows.count)
      }
      if least.count < rows.count { least = [Float](repeating: 0, count: rows.count) }
      if candidates.counts[start] > 0 {
        cohort_least_scores_of_few(
          path, first, rows.count, dimension, columns.plain, columns.packed,
          candidates.choices + start * Candidates.mostChoices, candidates.counts + start, &least)
      } else {
        cohort_least_scores_of_halves(
          path, first, rows.count, dimension, columns.packed, columns.count, scratch, &least)
      }
      for i in rows.indices {
        // Rows have length 1 within 1e-6: this is below the true squared distance to every column.
        let bound = 1 + 2 * (Double(least[i]) - 2 * columns.scoreError) - 1e-6
        if bound <= Double(candidates.limits[start + i]) * (1 + 1e-6) { near.append(start + i) }
      }
    }
    return isDone ? near : Array(candidates.samples.indices)
  }
}
