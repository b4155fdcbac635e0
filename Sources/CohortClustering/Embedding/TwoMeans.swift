internal import CohortKernels

/// Deterministic 2-means: a start along the principal direction (as PDDP, Boley 1998), four Lloyd steps, all in
/// fixed-order Float64.
enum TwoMeans {
  /// Larger groups are represented by this many members, evenly spaced by sample id.
  static let mostMembers = 1_024

  /// The members of a group that represent it.
  static func spread(_ members: [UInt64]) -> [UInt64] {
    guard members.count > mostMembers else { return members }
    return (0..<mostMembers).map { members[$0 * members.count / mostMembers] }
  }

  private static let powerSteps = 5
  private static let lloydSteps = 4

  struct Halves {
    /// Decrease of the summed squared distance of the whole group if the halves became groups.
    var gain: Double
    /// Mean of the larger half, then of the smaller one.
    var larger: [Float]
    var smaller: [Float]
    /// Share of the rows that the smaller half has.
    var share: Double
  }

  /// Divides the rows of a block.
  /// - Parameter memberCount: members of the group that the rows stand for.
  /// - Returns: nil when the rows cannot be divided: fewer than two, or all equal.
  /// - Complexity: 18 passes over the rows.
  static func divide(_ block: RowBlock, memberCount: UInt64, _ path: cohort_path) -> Halves? {
    let rows = (0..<block.count).compactMap { block.pointer($0) }
    guard rows.count >= 2, rows.count == block.count else { return nil }
    let dimension = block.dimension
    var total = [Double](repeating: 0, count: dimension)
    for row in rows { cohort_add_scaled(path, &total, row, 1, dimension) }
    let mean = total.map { $0 / Double(rows.count) }
    guard let direction = principalDirection(rows, mean, dimension, path) else { return nil }

    let middle = dot(mean, direction)
    var labels = rows.map { cohort_dot(path, $0, direction, dimension) > middle }
    for _ in 0..<lloydSteps {
      guard let (first, second, _) = means(rows, labels, total, dimension, path) else { return nil }
      let difference = zip(second, first).map { $0 - $1 }
      let threshold = (dot(second, second) - dot(first, first)) / 2
      labels = rows.map { cohort_dot(path, $0, difference, dimension) > threshold }
    }
    guard let (first, second, seconds) = means(rows, labels, total, dimension, path) else { return nil }
    let firsts = rows.count - seconds
    let apart = zip(second, first).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let weight = Double(firsts) * Double(seconds) / Double(rows.count)
    let gain = weight * apart * (Double(memberCount) / Double(rows.count))
    guard gain > 0 else { return nil }
    let halves = firsts >= seconds ? (first, second) : (second, first)
    return Halves(
      gain: gain, larger: halves.0.map { Float($0) }, smaller: halves.1.map { Float($0) },
      share: Double(min(firsts, seconds)) / Double(rows.count))
  }

  /// Power iteration on the scatter of the rows about their mean, from the row farthest from it.
  private static func principalDirection(
    _ rows: [UnsafePointer<Float>], _ mean: [Double], _ dimension: Int, _ path: cohort_path
  ) -> [Double]? {
    var farthest = rows[0]
    var least = Double.infinity
    // Rows have length 1: the farthest from the mean has the least inner product with it.
    for row in rows {
      let product = cohort_dot(path, row, mean, dimension)
      if product < least {
        least = product
        farthest = row
      }
    }
    var direction = (0..<dimension).map { Double(farthest[$0]) - mean[$0] }
    guard normalize(&direction) else { return nil }
    for _ in 0..<powerSteps {
      let middle = dot(mean, direction)
      var next = [Double](repeating: 0, count: dimension)
      var weights = 0.0
      for row in rows {
        let weight = cohort_dot(path, row, direction, dimension) - middle
        cohort_add_scaled(path, &next, row, weight, dimension)
        weights += weight
      }
      for i in 0..<dimension { next[i] -= weights * mean[i] }
      guard normalize(&next) else { return nil }
      direction = next
    }
    return direction
  }

  /// The means of the rows labelled false and true, and how many are labelled true; nil when one side is empty.
  private static func means(
    _ rows: [UnsafePointer<Float>], _ labels: [Bool], _ total: [Double], _ dimension: Int, _ path: cohort_path
  ) -> (first: [Double], second: [Double], seconds: Int)? {
    var sum = [Double](repeating: 0, count: dimension)
    var count = 0
    for (row, label) in zip(rows, labels) where label {
      cohort_add_scaled(path, &sum, row, 1, dimension)
      count += 1
    }
    guard count > 0, count < rows.count else { return nil }
    let rest = Double(rows.count - count)
    return (zip(total, sum).map { ($0 - $1) / rest }, sum.map { $0 / Double(count) }, count)
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in 0..<min(a.count, b.count) { sum += a[i] * b[i] }
    return sum
  }

  private static func normalize(_ values: inout [Double]) -> Bool {
    let norm = dot(values, values).squareRoot()
    guard norm > 0, norm.isFinite else { return false }
    for i in values.indices { values[i] /= norm }
    return true
  }
}
