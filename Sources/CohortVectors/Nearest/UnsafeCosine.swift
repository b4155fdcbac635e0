package import CohortKernels

/// A vector that others are compared with by the cosine of the angle between them. The cosine is that of the values as they
/// are: neither side is normalised first, so two equal vectors have exactly 1.
package struct CosineQuery: Sendable {
  /// The values in Float32.
  package let values: [Float]
  private let wide: [Double]
  private let square: Double
  private let path: cohort_path

  /// - Parameter values: finite, and not all zero.
  package init(_ values: [Float], _ path: cohort_path) {
    self.values = values
    self.path = path
    wide = values.map { Double($0) }
    square = values.withUnsafeBufferPointer { cohort_fixed_squares(path, $0.baseAddress, $0.count) }
  }

  /// The values scaled to length 1.
  package var unit: [Float] {
    var unit = values
    var present: UInt8 = 1
    cohort_normalize(path, COHORT_SUM_IN_LANES, &unit, 1, values.count, &present)
    return unit
  }

  /// 1 - cosine, from 0 to 2, in fixed-order Float64: the same bits on every machine, 0 for a row of the same values.
  /// - Parameter row: as many finite values, not all zero.
  package func distance(to row: UnsafePointer<Float>) -> Double {
    let other = cohort_fixed_squares(path, row, values.count)
    let cosine = cohort_dot(path, row, wide, values.count) / (square * other).squareRoot()
    return min(max(1 - cosine, 0), 2)
  }
}
