package import CohortKernels

/// Which columns are nearest: blocked Float32 scores choose, fixed-order Float64 decides where they are too close, so that all
/// processors find the same.
extension ColumnSet {
  /// The nearest column of a row of length 1, decided in fixed-order Float64 where the blocked kernel's scores are too
  /// close.
  /// - Parameters:
  ///   - result: what the kernel found for this row.
  ///   - branches: which branches of the tree the row was compared with, where there is one.
  ///   - scores: memory for a near-tie.
  package func decide(
    _ row: UnsafePointer<Float>, _ result: cohort_nearest, in branches: [Int] = [], _ path: cohort_path,
    _ scores: ScoreBuffer
  ) -> (column: Int, distance: Double, wasNearTie: Bool) {
    guard result.best < .infinity else {
      // The branches that were searched have no columns any more.
      let found = leastOf(row, notBeyond: .infinity, path, scores) ?? (Int(result.column), .infinity)
      return (found.column, found.distance, true)
    }
    guard Double(result.second) - Double(result.best) <= 2 * scoreError else {
      let column = Int(result.column)
      return (column, distance(row, to: column, path), false)
    }
    let limit = Double(result.best) + 3 * scoreError
    if let tree {
      let found = tree.nearest(to: row, in: branches, notBeyond: limit, path, scores)
      return (found.column, found.distance, true)
    }
    let found = leastOf(row, notBeyond: limit, path, scores) ?? (Int(result.column), .infinity)
    return (found.column, found.distance, true)
  }

  /// The nearest among the columns whose score is at most `limit`, the lowest id among equals.
  package func leastOf(
    _ row: UnsafePointer<Float>, notBeyond limit: Double, _ path: cohort_path, _ scores: ScoreBuffer
  ) -> (column: Int, distance: Double)? {
    scores.withRoom(for: Self.panels(count)) { products in
      cohort_inner_products(path, row, 1, dimension, packed, count, products, Self.panels(count))
      var nearest: (column: Int, distance: Double)?
      for column in 0..<count where slots[column] >= 0 {
        guard Double(halfNorm(column)) - Double(products[column]) <= limit else { continue }
        let other = distance(row, to: column, path)
        if let known = nearest,
          other > known.distance || (other == known.distance && ids[column] > ids[known.column])
        {
          continue
        }
        nearest = (column, other)
      }
      return nearest
    }
  }

  /// The `wanted` columns nearest to a row of length at most 1, in no order; which ones is decided in fixed-order Float64.
  /// - Parameter products: the row's inner products with all columns.
  package func nearest(
    _ wanted: Int, to row: UnsafePointer<Float>, _ products: UnsafePointer<Float>, _ path: cohort_path
  ) -> [Int] {
    let live = count - slots.count { $0 < 0 }
    guard live > wanted else { return slots.indices.filter { slots[$0] >= 0 } }
    // Those that were taken away have an infinite half norm.
    let values = (0..<count).map { halfNorm($0) - products[$0] }
    let limit = Double(Self.smallest(wanted, of: values))
    let near = values.indices.filter { Double(values[$0]) <= limit + 2.01 * scoreError }
    guard near.count > wanted else { return near }
    let isSure = near.map { Double(values[$0]) < limit - 2.01 * scoreError }
    let sure = near.indices.filter { isSure[$0] }.map { near[$0] }
    let open = near.indices.filter { !isSure[$0] }.map { (near[$0], distance(row, to: near[$0], path)) }
    let order = open.sorted { $0.1 != $1.1 ? $0.1 < $1.1 : ids[$0.0] < ids[$1.0] }
    return sure + order.prefix(wanted - sure.count).map(\.0)
  }

  /// The value at place `wanted` (from 1) when all are sorted: Hoare's selection.
  private static func smallest(_ wanted: Int, of all: [Float]) -> Float {
    var values = all
    return values.withUnsafeMutableBufferPointer { values in
      var (low, high) = (0, values.count - 1)
      while low < high {
        let pivot = values[(low + high) / 2]
        var (i, j) = (low, high)
        while i <= j {
          while values[i] < pivot { i += 1 }
          while values[j] > pivot { j -= 1 }
          if i <= j {
            values.swapAt(i, j)
            i += 1
            j -= 1
          }
        }
        if wanted - 1 <= j { high = j } else if wanted - 1 >= i { low = i } else { break }
      }
      return values[wanted - 1]
    }
  }

  /// For some columns, what the blocked kernel finds among those of another set.
  package func nearest(in others: ColumnSet, _ columns: Range<Int>, _ path: cohort_path) -> [cohort_nearest] {
    var results = [cohort_nearest](repeating: cohort_nearest(), count: columns.count)
    cohort_nearest_columns(
      path, plain(columns.lowerBound), nil, columns.count, dimension, others.packed, others.count, &results)
    return results
  }

  /// One column. Valid until the set changes.
  package func plain(_ column: Int) -> UnsafePointer<Float> { UnsafePointer(plain + column * dimension) }

  /// Fixed-order Float64 squared distance of a row to one column.
  package func distance(_ row: UnsafePointer<Float>, to column: Int, _ path: cohort_path) -> Double {
    cohort_squared_distance(path, row, plain + column * dimension, dimension)
  }

  /// Fixed-order Float64 squared distance of two columns.
  package func distance(between a: Int, and b: Int, _ path: cohort_path) -> Double {
    cohort_squared_distance(path, plain + a * dimension, plain + b * dimension, dimension)
  }

  /// The values of a column. Valid until the set changes.
  package func values(_ column: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: plain(column), count: dimension)
  }

  /// What decides among equally near columns.
  package func id(_ column: Int) -> UInt32 { ids[column] }

  /// Half the squared norm of a column, rounded to Float32.
  package func halfNorm(_ column: Int) -> Float { cohort_packed_half_norm(packed, dimension, column) }

  /// Calls `body` with the inner products of some columns with those of their own panel and of all that follow: what
  /// lies before has seen them.
  /// - Parameter body: the column, the first of those that it is multiplied with, and the products, which are valid only
  ///   inside `body`; their error is at most `scoreError` if the columns are no longer than 1.
  package func forEachProductRow(
    _ columns: Range<Int>, _ path: cohort_path, _ scores: ScoreBuffer,
    _ body: (_ column: Int, _ first: Int, _ products: UnsafeMutablePointer<Float>) -> Void
  ) {
    let panel = Int(COHORT_PANEL)
    let first = columns.lowerBound / panel * panel
    let width = Self.panels(count - first)
    let rowsAtOnce = 48
    scores.withRoom(for: rowsAtOnce * width) { products in
      for start in stride(from: columns.lowerBound, to: columns.upperBound, by: rowsAtOnce) {
        let rows = min(rowsAtOnce, columns.upperBound - start)
        cohort_inner_products(
          path, plain + start * dimension, rows, dimension, packed + cohort_packed_size(first, dimension),
          count - first, products, width)
        for row in 0..<rows { body(start + row, first, products + row * width) }
      }
    }
  }
}
