internal import CohortKernels
internal import CohortVectors

/// Deterministic 2-means: a start along the principal direction (as PDDP, Boley 1998), three Lloyd steps. Directions and
/// comparisons in fixed-order Float32, means and gain in fixed-order Float64.
enum TwoMeans {
  /// Larger groups are represented by this many members, evenly spaced by sample id.
  static let mostMembers = 1_024

  /// The members of a group that represent it.
  static func spread(_ members: [UInt64]) -> [UInt64] {
    guard members.count > mostMembers else { return members }
    return (0..<mostMembers).map { members[$0 * members.count / mostMembers] }
  }

  private static let powerSteps = 3
  private static let lloydSteps = 3

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
  /// - Complexity: 10 passes over the rows.
  static func divide(_ block: RowBlock, memberCount: UInt64, _ path: cohort_path) -> Halves? {
    guard block.count >= 2, (0..<block.count).allSatisfy(block.isPresent), let start = block.pointer(0) else {
      return nil
    }
    let rows = Rows(start: start, count: block.count, dimension: block.dimension, path: path)
    let all = rows.total()
    let mean = all.sum.map { Float($0 / Double(rows.count)) }
    guard var direction = farthest(from: mean, rows) else { return nil }
    for _ in 0..<powerSteps {
      guard let next = powerStep(direction, mean, rows) else { return nil }
      direction = next
    }
    var threshold = rows.product(mean, direction)
    for _ in 0..<lloydSteps {
      guard let (first, second) = roughMeans(direction, above: threshold, all.sum, rows) else { return nil }
      direction = combined(second, first) { $0 - $1 }
      threshold = Float((rows.square(second) - rows.square(first)) / 2)
    }
    let isSecond = rows.products(direction).map { $0 > threshold }
    let part = rows.total(of: isSecond)
    let (firsts, seconds) = (rows.count - part.count, part.count)
    guard firsts > 0, seconds > 0 else { return nil }
    let second = part.sum.map { $0 / Double(seconds) }
    let first = all.sum.indices.map { (all.sum[$0] - part.sum[$0]) / Double(firsts) }
    let apart = second.indices.reduce(0.0) { $0 + (second[$1] - first[$1]) * (second[$1] - first[$1]) }
    let weight = Double(firsts) * Double(seconds) / Double(rows.count)
    let gain = weight * apart * (Double(memberCount) / Double(rows.count))
    guard gain > 0 else { return nil }
    let halves = firsts >= seconds ? (first, second) : (second, first)
    return Halves(
      gain: gain, larger: halves.0.map { Float($0) }, smaller: halves.1.map { Float($0) },
      share: Double(min(firsts, seconds)) / Double(rows.count))
  }

  /// From the mean to the row farthest from it, length 1; nil when all rows are equal.
  private static func farthest(from mean: [Float], _ rows: Rows) -> [Float]? {
    guard !rows.areEqual else { return nil }
    // Rows have length 1: the farthest from the mean has the least inner product with it.
    let products = rows.products(mean)
    guard let index = products.indices.min(by: { products[$0] < products[$1] }) else { return nil }
    return normalized(combined(Array(rows.row(index)), mean) { $0 - $1 }, rows)
  }

  /// One step of power iteration on the scatter of the rows about their mean.
  private static func powerStep(_ direction: [Float], _ mean: [Float], _ rows: Rows) -> [Float]? {
    let (weights, scatter) = rows.weightedSum(direction, offset: rows.product(mean, direction), isChoice: false)
    let sum = weights.reduce(Float(0), +)
    return normalized(combined(scatter, mean) { $0 - sum * $1 }, rows)
  }

  /// The means of the rows not above and above a threshold along a direction; nil when one side is empty.
  private static func roughMeans(
    _ direction: [Float], above threshold: Float, _ total: [Double], _ rows: Rows
  ) -> (first: [Float], second: [Float])? {
    let (isSecond, sum) = rows.weightedSum(direction, offset: threshold, isChoice: true)
    let seconds = isSecond.count { $0 > 0 }
    guard seconds > 0, seconds < rows.count else { return nil }
    let (firsts, others) = (Float(rows.count - seconds), Float(seconds))
    return (combined(total, sum) { (Float($0) - $1) / firsts }, sum.map { $0 / others })
  }

  /// Value by value, without checks in the loop.
  @inline(__always)
  private static func combined<A, B>(_ a: [A], _ b: [B], _ body: (A, B) -> Float) -> [Float] {
    let count = min(a.count, b.count)
    return [Float](unsafeUninitializedCapacity: count) { result, filled in
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          for i in 0..<count { result[i] = body(a[i], b[i]) }
        }
      }
      filled = count
    }
  }

  private static func normalized(_ values: [Float], _ rows: Rows) -> [Float]? {
    let norm = rows.square(values).squareRoot()
    guard norm > 0, norm.isFinite else { return nil }
    let scale = 1 / norm
    return values.map { Float(Double($0) * scale) }
  }
}

/// Rows of a block, one after the other. Valid as long as the block is not loaded again.
private struct Rows {
  let start: UnsafePointer<Float>
  let count: Int
  let dimension: Int
  let path: cohort_path

  func row(_ i: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: start + i * dimension, count: dimension)
  }

  var areEqual: Bool { (1..<count).allSatisfy { row($0).elementsEqual(row(0)) } }

  func square(_ values: [Float]) -> Double { cohort_fixed_squares(path, values, values.count) }

  /// As the products of the rows.
  func product(_ values: [Float], _ direction: [Float]) -> Float {
    var product: Float = 0
    cohort_project(path, values, 1, values.count, direction, &product)
    return product
  }

  func products(_ direction: [Float]) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let products = buffer.baseAddress else { return }
      cohort_project(path, start, count, dimension, direction, products)
      filled = count
    }
  }

  /// The rows' products with a direction less an offset, or with `isChoice` 1 for those above it and 0 for the others; and
  /// the sum of the rows weighted with them.
  func weightedSum(_ direction: [Float], offset: Float, isChoice: Bool) -> (weights: [Float], sum: [Float]) {
    var sum = [Float](repeating: 0, count: dimension)
    let weights = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let weights = buffer.baseAddress else { return }
      cohort_project_and_sum(path, start, count, dimension, direction, offset, isChoice ? 1 : 0, weights, &sum)
      filled = count
    }
    return (weights, sum)
  }

  /// The sum of all rows, or of those that are chosen, in Float64.
  func total(of isChosen: [Bool]? = nil) -> (sum: [Double], count: Int) {
    var sum = [Double](repeating: 0, count: dimension)
    var chosen = 0
    for i in 0..<count where isChosen?[i] ?? true {
      cohort_add_scaled(path, &sum, start + i * dimension, 1, dimension)
      chosen += 1
    }
    return (sum, chosen)
  }
}
