package import CohortKernels

/// Two-level search among very many columns: *pivots* are a coarse k-means of the columns, each column hangs on its nearest
/// pivot, and a row is compared with the columns of the few pivots nearest to it (an inverted file: Jégou, Douze and
/// Schmid 2011, IVF). A row whose nearest column hangs elsewhere misses it; audits count that.
///
/// Everything that decides which columns a row meets is decided in fixed-order Float64, so all processors find the same.
/// Pivots are made once, from the columns as they are then; columns that come or move later are hung on those.
///
/// Guard of the unchecked conformance: it is changed by its columns' owner only, and never while workers run.
package final class ColumnTree: @unchecked Sendable {
  /// Pivots whose columns a row is compared with, and pivots for each square root of the number of columns. With 11,000
  /// centroids of real sentences, 40 of 419 find 99.95 % of the nearest with a quarter of the products; fewer pivots have
  /// to search more columns for that, and hanging columns on two pivots gains nothing.
  package static let searched = 40
  private static let fineness = 4
  private static let lloydSteps = 1

  package let pivots: ColumnSet
  /// The columns of each pivot; their slots are columns of the whole set.
  package private(set) var branches: [ColumnSet]
  /// The branch of each column, and its place there.
  private var homes: [(branch: Int, place: Int)] = []
  private let scores = ScoreBuffer()

  /// - Complexity: O(n^1.5) products.
  package init(of columns: ColumnSet, _ path: cohort_path) {
    let dimension = columns.dimension
    let count = max(1, min(columns.count, Self.fineness * Int(Double(columns.count).squareRoot())))
    let pivots = ColumnSet(dimension: dimension, capacity: count)
    self.pivots = pivots
    for i in 0..<count { pivots.append(columns.values(i * columns.count / count), slot: i, id: UInt32(i)) }
    for _ in 0..<Self.lloydSteps {
      let nearest = Self.nearest(of: columns, among: pivots, path, scores)
      for (pivot, mean) in Self.means(of: columns, nearest, count: count, path).enumerated() {
        mean?.withUnsafeBufferPointer { pivots.replace(pivot, $0) }
      }
    }
    let nearest = Self.nearest(of: columns, among: pivots, path, scores)
    var sizes = [Int](repeating: 0, count: count)
    for branch in nearest { sizes[branch] += 1 }
    branches = sizes.map { ColumnSet(dimension: dimension, capacity: $0) }
    for (column, branch) in nearest.enumerated() { hang(column, on: branch, columns) }
  }

  private static func nearest(
    of columns: ColumnSet, among pivots: ColumnSet, _ path: cohort_path, _ scores: ScoreBuffer
  ) -> [Int] {
    let results = columns.nearest(in: pivots, 0..<columns.count, path)
    return results.enumerated().map { pivots.decide(columns.plain($0), $1, path, scores).column }
  }

  private static func means(
    of columns: ColumnSet, _ nearest: [Int], count: Int, _ path: cohort_path
  ) -> [[Float]?] {
    var sums = [[Double]](repeating: [Double](repeating: 0, count: columns.dimension), count: count)
    var members = [Double](repeating: 0, count: count)
    for (column, pivot) in nearest.enumerated() {
      cohort_add_scaled(path, &sums[pivot], columns.plain(column), 1, columns.dimension)
      members[pivot] += 1
    }
    return zip(sums, members).map { sum, members in members == 0 ? nil : sum.map { Float($0 / members) } }
  }

  // MARK: Changes

  private func hang(_ column: Int, on branch: Int, _ columns: ColumnSet) {
    if column == homes.count { homes.append((branch, 0)) }
    homes[column] = (branch, branches[branch].count)
    branches[branch].append(columns.values(column), slot: column, id: columns.id(column))
  }

  /// Hangs a column, which is new or has moved, on its nearest pivot.
  package func hang(_ column: Int, _ columns: ColumnSet, _ path: cohort_path) {
    if column < homes.count { remove(column) }
    var result = [cohort_nearest()]
    cohort_nearest_columns(
      path, columns.plain(column), nil, 1, columns.dimension, pivots.packed, pivots.count, &result)
    hang(column, on: pivots.decide(columns.plain(column), result[0], path, scores).column, columns)
  }

  /// Forgets a column.
  package func remove(_ column: Int) { branches[homes[column].branch].erase(homes[column].place) }

  // MARK: Search

  /// The branches that a row is compared with, for as many rows as there are.
  package func chooseBranches(
    _ rows: UnsafePointer<Float>, _ count: Int, _ path: cohort_path, _ scores: ScoreBuffer
  ) -> [[Int]] {
    let width = ColumnSet.panels(pivots.count)
    return scores.withRoom(for: max(count, 1) * width) { products in
      cohort_inner_products(path, rows, count, pivots.dimension, pivots.packed, pivots.count, products, width)
      return (0..<count).map {
        pivots.nearest(Self.searched, to: rows + $0 * pivots.dimension, products + $0 * width, path)
      }
    }
  }

  /// The nearest of the columns in some branches, exactly.
  package func nearest(
    to row: UnsafePointer<Float>, in chosen: [Int], notBeyond limit: Double, _ path: cohort_path, _ scores: ScoreBuffer
  ) -> (column: Int, distance: Double, id: UInt32) {
    var nearest = (column: 0, distance: Double.infinity, id: UInt32.max)
    for branch in chosen {
      let columns = branches[branch]
      guard let found = columns.leastOf(row, notBeyond: limit, path, scores) else { continue }
      let id = columns.id(found.column)
      if found.distance < nearest.distance || (found.distance == nearest.distance && id < nearest.id) {
        nearest = (columns.slots[found.column], found.distance, id)
      }
    }
    return nearest
  }

  /// The branches nearest to a branch's pivot, itself first, as many as rows are compared with.
  package func neighbours(of branch: Int, _ path: cohort_path) -> [Int] {
    let distances = (0..<pivots.count).map { pivots.distance(between: branch, and: $0, path) }
    let order = (0..<pivots.count).filter { $0 != branch }.sorted { a, b in
      distances[a] != distances[b] ? distances[a] < distances[b] : a < b
    }
    return [branch] + order.prefix(Self.searched - 1)
  }
}
