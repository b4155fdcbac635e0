internal import CohortKernels
internal import CohortVectors

extension SelectionEngine {
  /// Trains a linear classifier on some rows and tells how often it is right on others: ridge regression on 0 and 1 for each
  /// label, with a constant term and a penalty of 1, the greatest of the outputs. All in fixed order and Float64.
  /// - Parameters:
  ///   - labels: of each row of the pool, below `count`; nil for rows that take no part.
  ///   - training: rows of the pool.
  ///   - testing: rows of the pool, ascending.
  /// - Returns: nil when there is nothing to train on or nothing to test.
  /// - Complexity: (training + dimension) x dimension², and testing x labels x dimension.
  package func probe(
    _ pool: SelectionPool, labels: [UInt32?], count: Int, training: [UInt32], testing: [UInt32]
  ) throws -> Double? {
    let width = dimension + 1
    // Rows of the matrix, and the sums of each label's rows: written by one thread only.
    nonisolated(unsafe) var matrix = [[Double]](repeating: [Double](repeating: 0, count: width), count: width)
    nonisolated(unsafe) var targets = [[Double]](repeating: [Double](repeating: 0, count: width), count: count)
    nonisolated(unsafe) var trained = 0
    let learned = training.filter { labels[Int($0)] != nil }.sorted()
    try scan(learned.map { pool.ids[Int($0)] }, stage: "probe", most: 1) { _, block, start in
      for i in 0..<block.count where block.isPresent(i) {
        guard let label = labels[Int(learned[start + i])], let row = block.pointer(i) else { continue }
        for j in 0..<self.dimension {
          cohort_add_scaled(self.path, &matrix[j], row, Double(row[j]), self.dimension)
          matrix[j][self.dimension] += Double(row[j])
        }
        matrix[self.dimension][self.dimension] += 1
        cohort_add_scaled(self.path, &targets[Int(label)], row, 1, self.dimension)
        targets[Int(label)][self.dimension] += 1
        trained += 1
      }
    }
    guard trained > 0 else { return nil }
    for j in 0..<dimension { matrix[dimension][j] = matrix[j][dimension] }
    for j in 0..<width { matrix[j][j] += 1 }
    let weights = Self.solve(matrix, targets)
    let asked = testing.filter { labels[Int($0)] != nil }
    let right = WorkerTables<Int>(workers: workers.count, width: 2, 0)
    try scan(asked.map { pool.ids[Int($0)] }, stage: "probe") { worker, block, start in
      let counts = right.table(worker)
      for i in 0..<block.count where block.isPresent(i) {
        guard let row = block.pointer(i) else { continue }
        var best = (label: 0, value: -Double.infinity)
        for label in 0..<count {
          let value = cohort_dot(self.path, row, weights[label], self.dimension) + weights[label][self.dimension]
          if value > best.value { best = (label, value) }
        }
        counts[0] += labels[Int(asked[start + i])] == UInt32(best.label) ? 1 : 0
        counts[1] += 1
      }
    }
    let (hits, total) = (0..<workers.count).reduce((0, 0)) { ($0.0 + right.table($1)[0], $0.1 + right.table($1)[1]) }
    return total > 0 ? Double(hits) / Double(total) : nil
  }

  /// Solves M w = t for each of `targets`, M being symmetric and positive definite: Cholesky's decomposition.
  private static func solve(_ matrix: [[Double]], _ targets: [[Double]]) -> [[Double]] {
    let width = matrix.count
    var lower = matrix
    for j in 0..<width {
      for k in 0..<j {
        let factor = lower[j][k]
        guard factor != 0 else { continue }
        for i in j..<width { lower[i][j] -= lower[i][k] * factor }
      }
      let root = max(lower[j][j], 1e-12).squareRoot()
      for i in j..<width { lower[i][j] /= root }
    }
    return targets.map { target in
      var values = target
      for i in 0..<width {
        for k in 0..<i { values[i] -= lower[i][k] * values[k] }
        values[i] /= lower[i][i]
      }
      for i in stride(from: width - 1, through: 0, by: -1) {
        for k in (i + 1)..<max(width, i + 1) { values[i] -= lower[k][i] * values[k] }
        values[i] /= lower[i][i]
      }
      return values
    }
  }
}
