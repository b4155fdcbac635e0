internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// Vectors of a source in coordinates in which they spread alike in all directions: x becomes L⁻¹ (x - m), with the mean m and
/// Cholesky's L of the covariance of at most 16,384 rows, to whose diagonal a hundredth of its mean is added. Distances are then
/// those of Mahalanobis: directions in which everybody differs count for less.
///
/// Fixed-order Float64 throughout: the same bits on every processor.
struct WhitenedRows: RowSource {
  /// Rows that the covariance is taken of.
  static let measuredRows = 16_384

  private let source: any RowSource
  private let path: KernelPath
  /// Rows of L⁻¹, each as long as it has values, and what to take away from each product.
  private let rows: [[Double]]
  private let offsets: [Double]

  /// - Parameter ids: ascending; those that the covariance is taken of.
  /// - Throws: what `source` throws; `selection.no-vectors` when none has a vector.
  init(_ source: any RowSource, of ids: [UInt64], dimension: Int, path: KernelPath) throws {
    (self.source, self.path) = (source, path)
    let block = RowBlock(dimension: dimension, capacity: RowBlock.rows(dimension: dimension))
    var sum = [Double](repeating: 0, count: dimension)
    var products = [[Double]](repeating: sum, count: dimension)
    var count = 0.0
    for start in stride(from: 0, to: ids.count, by: block.capacity) {
      try block.load(Array(ids[start..<min(start + block.capacity, ids.count)]), source, path.code)
      for i in 0..<block.count where block.isPresent(i) {
        guard let row = block.pointer(i) else { continue }
        cohort_add_scaled(path.code, &sum, row, 1, dimension)
        for j in 0..<dimension { cohort_add_scaled(path.code, &products[j], row, Double(row[j]), j + 1) }
        count += 1
      }
    }
    guard count > 0 else {
      throw CohortError(.selectionNoVectors, "No sample has a vector: there is nothing to whiten")
    }
    let mean = sum.map { $0 / count }
    for i in 0..<dimension { for j in 0...i { products[i][j] = products[i][j] / count - mean[i] * mean[j] } }
    let ridge = max((0..<dimension).reduce(0) { $0 + products[$1][$1] } / Double(dimension) / 100, 1e-12)
    for i in 0..<dimension { products[i][i] += ridge }
    rows = Self.inverse(Self.lower(products))
    offsets = rows.map { row in row.indices.reduce(0) { $0 + row[$1] * mean[$1] } }
  }

  /// Cholesky's decomposition; only what is on and below the diagonal is looked at.
  private static func lower(_ matrix: [[Double]]) -> [[Double]] {
    var lower = matrix.indices.map { Array(matrix[$0][...$0]) }
    for i in lower.indices {
      for j in 0...i {
        var value = lower[i][j]
        for k in 0..<j { value -= lower[i][k] * lower[j][k] }
        lower[i][j] = i == j ? max(value, 1e-24).squareRoot() : value / lower[j][j]
      }
    }
    return lower
  }

  /// The inverse of a lower triangular matrix, row by row.
  private static func inverse(_ lower: [[Double]]) -> [[Double]] {
    var inverse = lower.map { $0.map { _ in 0.0 } }
    for j in lower.indices {
      inverse[j][j] = 1 / lower[j][j]
      for i in (j + 1)..<max(lower.count, j + 1) {
        var value = 0.0
        for k in j..<i { value -= lower[i][k] * inverse[k][j] }
        inverse[i][j] = value / lower[i][i]
      }
    }
    return inverse
  }

  func readVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int, into values: UnsafeMutableBufferPointer<Float>,
    present: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    let block = RowBlock(dimension: dimension, capacity: max(samples.count, 1))
    try block.load(Array(samples), source, path.code)
    for i in 0..<block.count {
      present[i] = block.isPresent(i) ? 1 : 0
      guard block.isPresent(i), let row = block.pointer(i) else { continue }
      for (j, direction) in rows.enumerated() {
        values[i * dimension + j] = Float(cohort_dot(path.code, row, direction, j + 1) - offsets[j])
      }
    }
  }
}

extension SelectionEngine {
  /// An engine over the same rows in whitened coordinates.
  /// - Throws: as `WhitenedRows.init`.
  package func whitened(for pool: SelectionPool) throws -> SelectionEngine {
    let some = KeyedOrder(seed: 0, purpose: 8).first(
      WhitenedRows.measuredRows, of: pool.ids.indices.map(UInt32.init), ids: pool.ids
    ).map { pool.ids[Int($0)] }.sorted()
    return try over(try WhitenedRows(source, of: some, dimension: dimension, path: kernelPath))
  }
}
