package import CohortKernels

/// The plane in which some vectors are spread most: their first two principal components, found by power iteration on a
/// sample of them. No random numbers, and sums in a fixed order: the same vectors give the same bits everywhere.
package struct PrincipalPlane: Sendable {
  /// Vectors that the plane is found by, at most.
  package static let sampled = 4096
  private static let iterations = 60

  private let axes: [[Double]]
  /// Where the vectors' mean lies along each axis.
  private let offsets: [Double]
  private let dimension: Int
  private let path: cohort_path

  /// - Parameters:
  ///   - samples: ascending; some of them, evenly spread, decide.
  ///   - source: where their vectors are; those without one are passed over.
  /// - Throws: what `source` throws.
  /// - Complexity: 4,096 vectors, a few hundred times.
  package init(of samples: [UInt64], _ source: any RowSource, dimension: Int, _ path: cohort_path) throws {
    self.dimension = dimension
    self.path = path
    let count = min(samples.count, Self.sampled)
    let chosen = (0..<count).map { samples[$0 * samples.count / max(count, 1)] }
    let block = RowBlock(dimension: dimension, capacity: RowBlock.rows(dimension: dimension))
    var rows: [[Float]] = []
    for start in stride(from: 0, to: chosen.count, by: block.capacity) {
      try block.load(Array(chosen[start..<min(start + block.capacity, chosen.count)]), source, path)
      for i in 0..<block.count where block.isPresent(i) { rows.append(Array(block.values(i))) }
    }
    var mean = [Double](repeating: 0, count: dimension)
    for row in rows { cohort_add_scaled(path, &mean, row, 1 / Double(rows.count), dimension) }
    var axes: [[Double]] = []
    for _ in 0..<min(2, dimension) {
      axes.append(Self.axis(of: rows, around: mean, orthogonalTo: axes, dimension, path))
    }
    while axes.count < 2 { axes.append([Double](repeating: 0, count: dimension)) }
    self.axes = axes
    offsets = axes.map { axis in zip(axis, mean).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  private static func axis(
    of rows: [[Float]], around mean: [Double], orthogonalTo others: [[Double]], _ dimension: Int, _ path: cohort_path
  ) -> [Double] {
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    /// The part that is orthogonal to the other axes, of length 1; nil where nothing is left.
    func unit(_ vector: [Double]) -> [Double]? {
      var vector = vector
      for other in others {
        let share = dot(vector, other)
        for i in vector.indices { vector[i] -= share * other[i] }
      }
      let length = dot(vector, vector).squareRoot()
      guard length > 1e-12, length.isFinite else { return nil }
      return vector.map { $0 / length }
    }
    // It begins in the direction of the row that lies farthest out.
    var (axis, farthest) = ([Double](), -1.0)
    for row in rows {
      let away = zip(row, mean).map { Double($0) - $1 }
      guard let direction = unit(away) else { continue }
      let distance = dot(away, direction)
      if distance > farthest { (axis, farthest) = (direction, distance) }
    }
    guard !axis.isEmpty else { return [Double](repeating: 0, count: dimension) }
    for _ in 0..<iterations {
      var (sum, total) = ([Double](repeating: 0, count: dimension), 0.0)
      let offset = dot(axis, mean)
      for row in rows {
        let share = cohort_dot(path, row, axis, dimension) - offset
        cohort_add_scaled(path, &sum, row, share, dimension)
        total += share
      }
      for i in sum.indices { sum[i] -= total * mean[i] }
      guard let next = unit(sum) else { break }
      axis = next
    }
    // Which of both directions it is: the greatest value is positive.
    let greatest = axis.max { abs($0) < abs($1) } ?? 0
    return greatest < 0 ? axis.map { -$0 } : axis
  }

  /// Where a vector lies in the plane, the mean at the origin.
  package func place(of row: UnsafePointer<Float>) -> (x: Double, y: Double) {
    (
      cohort_dot(path, row, axes[0], dimension) - offsets[0], cohort_dot(path, row, axes[1], dimension) - offsets[1]
    )
  }
}
