internal import CohortKernels

/// Which members of a group cannot be nearer to some other centroids, from their distance to their own alone.
extension ColumnSet {
  /// For some columns, a squared distance: rows of length 1 that are nearer to the column than that are not nearer to any
  /// of `others`.
  /// - Parameter isTriangle: whether to use the triangle inequality only.
  /// - Complexity: columns x others products.
  func spared(
    _ some: Range<Int>, by others: ColumnSet, isTriangle: Bool, _ path: cohort_path, _ scores: ScoreBuffer
  ) -> [Double] {
    let width = Self.panels(others.count)
    let squares = (0..<others.count).map { 2 * Double(others.halfNorm($0)) }
    return scores.withRoom(for: some.count * width) { products in
      cohort_inner_products(
        path, plain(some.lowerBound), some.count, dimension, others.packed, others.count, products, width)
      return some.map { column in
        let own = Own(square: 2 * Double(halfNorm(column)), error: 2 * others.scoreError + 1e-9)
        let products = products + (column - some.lowerBound) * width
        var least = Double.infinity
        for other in 0..<others.count {
          let bound = own.spared(by: squares[other], product: Double(products[other]), isTriangle: isTriangle)
          least = min(least, bound)
        }
        return least
      }
    }
  }

  /// A centroid c, and how far rows x of length 1 may be from it without being nearer to another centroid m.
  private struct Own {
    let square: Double
    let length: Double
    /// Largest error of an inner product or a square.
    let error: Double

    init(square: Double, error: Double) {
      self.square = square
      length = square.squareRoot()
      self.error = error
    }

    /// The larger of two bounds on the squared distance |x - c|².
    ///
    /// The triangle inequality: x is not nearer to m as long as 2 |x - c| < |c - m|.
    ///
    /// That x has length 1: with the angle t between x and c, and m divided into what lies along c and what is
    /// perpendicular to it (`along`, `across`), <x, m> is at most cos t along + sin t across. So x can be nearer to m
    /// only if sin t across - cos t (|c| - along) >= (|m|² - |c|²) / 2; with the length r of (across, |c| - along), which
    /// is |c - m|, and its angle p that is r sin(t - p). The least such t is p + asin((|m|² - |c|²) / 2r), and |x - c|² is
    /// 1 + |c|² - 2 |c| cos t. For centroids of one length it says that t has to be half the angle between them.
    func spared(by other: Double, product: Double, isTriangle: Bool) -> Double {
      let apart = square + other - 2 * product
      let triangle = (apart - 4 * error) * (1 - 1e-6) / 4 - 1e-9
      guard !isTriangle, length > 0.01 else { return triangle }
      let along = product / length
      let across = max(other - along * along, 0) + error * (1 + 2 * along.magnitude / length)
      let short = length - along
      let radius = (across + short * short).squareRoot()
      let sine = ((other - square) / 2 - error * (2 + 1 / length) - 4e-6) / radius
      guard sine < 1 else { return .infinity }
      guard sine > -1 else { return triangle }
      let cosine = (1 - sine * sine).squareRoot()
      let perpendicular = across.squareRoot()
      guard short * cosine + perpendicular * sine > 0 else { return triangle }
      let angle = (perpendicular * cosine - short * sine) / radius
      return max(triangle, 1 + square - 2 * length * angle - 1e-5)
    }
  }
}
