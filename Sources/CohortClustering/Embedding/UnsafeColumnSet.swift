internal import CohortKernels

/// Some centroids, packed for the blocked kernel and as plain rows for decisions in fixed-order Float64. Columns are in no
/// particular order: ties go to the lowest group id.
///
/// Guard of the unchecked conformance: it is changed by the round's thread only, and never while workers run.
final class ColumnSet: @unchecked Sendable {
  let dimension: Int
  /// Columns, those that were taken away included.
  private(set) var count = 0
  /// Slot of each column in the grouping's tables; -1 for a column that was taken away.
  private(set) var slots: [Int] = []
  private var ids: [UInt32] = []
  private(set) var packed: UnsafeMutablePointer<Float>
  /// Columns as rows, one after the other.
  private(set) var plain: UnsafeMutablePointer<Float>
  private var capacity: Int
  private var greatestSquare = 0.0
  /// The kernels that the tree uses when columns change.
  private var path = COHORT_PATH_BEST
  /// Largest error of a score of a row of length 1.
  private(set) var scoreError = 0.0
  /// How rows are compared when there are very many columns.
  private(set) var tree: CentroidTree?

  init(dimension: Int, capacity: Int) {
    self.dimension = dimension
    self.capacity = Self.panels(capacity)
    (packed, plain) = Self.allocate(self.capacity, dimension)
  }

  /// - Parameters:
  ///   - slots: which rows of `centroids` are taken.
  ///   - ids: the group id of each slot.
  convenience init(dimension: Int, slots: some Collection<Int>, ids: [UInt32], centroids: [Float]) {
    self.init(dimension: dimension, capacity: slots.count)
    centroids.withUnsafeBufferPointer {
      for slot in slots {
        append(
          UnsafeBufferPointer(rebasing: $0[(slot * dimension)..<((slot + 1) * dimension)]), slot: slot, id: ids[slot])
      }
    }
  }

  static func panels(_ count: Int) -> Int {
    let panel = Int(COHORT_PANEL)
    return max((count + panel - 1) / panel * panel, panel)
  }

  private static func allocate(
    _ capacity: Int, _ dimension: Int
  ) -> (packed: UnsafeMutablePointer<Float>, plain: UnsafeMutablePointer<Float>) {
    let floats = cohort_packed_size(capacity, dimension)
    let packed = UnsafeMutableRawPointer.allocate(byteCount: floats * 4, alignment: 64).bindMemory(
      to: Float.self, capacity: floats)
    cohort_pack_clear(packed, capacity, dimension)
    return (packed, .allocate(capacity: capacity * dimension))
  }

  deinit {
    UnsafeMutableRawPointer(packed).deallocate()
    plain.deallocate()
  }

  // MARK: Changes

  func append(_ values: UnsafeBufferPointer<Float>, slot: Int, id: UInt32) {
    if count == capacity { grow() }
    count += 1
    slots.append(slot)
    ids.append(id)
    replace(count - 1, values)
  }

  /// From now on, rows are compared with a part of the columns.
  func divide(_ path: cohort_path) {
    tree = CentroidTree(of: self, path)
    self.path = path
  }

  func replace(_ column: Int, _ values: UnsafeBufferPointer<Float>) {
    precondition(values.count == dimension, "a column of another dimension")
    guard let values = values.baseAddress else { return }
    (plain + column * dimension).update(from: values, count: dimension)
    cohort_pack_column(packed, dimension, column, values)
    tree?.hang(column, self, path)
    let square = 2 * Double(cohort_packed_half_norm(packed, dimension, column)) * 1.000001
    guard square > greatestSquare || count == 1 else { return }
    greatestSquare = square
    scoreError = cohort_score_error(dimension, 1.000001, square.squareRoot()) * 1.0001
  }

  /// Takes the column of a slot away; greater slots move down by one.
  func remove(slot: Int) {
    for column in 0..<count where slots[column] >= slot {
      if slots[column] == slot {
        erase(column)
      } else {
        slots[column] -= 1
      }
    }
  }

  /// Takes a column away and leaves the others' slots alone.
  func erase(_ column: Int) {
    slots[column] = -1
    cohort_pack_erase(packed, dimension, column)
    tree?.remove(column)
  }

  private func grow() {
    let wider = Self.panels(capacity * 2)
    let (nextPacked, nextPlain) = Self.allocate(wider, dimension)
    nextPacked.update(from: packed, count: cohort_packed_size(capacity, dimension))
    nextPlain.update(from: plain, count: count * dimension)
    UnsafeMutableRawPointer(packed).deallocate()
    plain.deallocate()
    (packed, plain, capacity) = (nextPacked, nextPlain, wider)
  }

  // MARK: Decisions

  /// The nearest column of a row of length 1, decided in fixed-order Float64 where the blocked kernel's scores are too
  /// close.
  /// - Parameters:
  ///   - result: what the kernel found for this row.
  ///   - branches: which branches of the tree the row was compared with, where there is one.
  ///   - scores: memory for a near-tie.
  func decide(
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
  func leastOf(
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
  func nearest(
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
  func nearest(in others: ColumnSet, _ columns: Range<Int>, _ path: cohort_path) -> [cohort_nearest] {
    var results = [cohort_nearest](repeating: cohort_nearest(), count: columns.count)
    cohort_nearest_columns(
      path, plain(columns.lowerBound), nil, columns.count, dimension, others.packed, others.count, &results)
    return results
  }

  /// One column. Valid until the set changes.
  func plain(_ column: Int) -> UnsafePointer<Float> { UnsafePointer(plain + column * dimension) }

  /// Fixed-order Float64 squared distance of a row to one column.
  func distance(_ row: UnsafePointer<Float>, to column: Int, _ path: cohort_path) -> Double {
    cohort_squared_distance(path, row, plain + column * dimension, dimension)
  }

  /// Fixed-order Float64 squared distance of two columns.
  func distance(between a: Int, and b: Int, _ path: cohort_path) -> Double {
    cohort_squared_distance(path, plain + a * dimension, plain + b * dimension, dimension)
  }

  /// The values of a column. Valid until the set changes.
  func values(_ column: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: plain(column), count: dimension)
  }

  func id(_ column: Int) -> UInt32 { ids[column] }

  /// Half the squared norm of a column, rounded to Float32.
  func halfNorm(_ column: Int) -> Float { cohort_packed_half_norm(packed, dimension, column) }

  /// Calls `body` with the inner products of some columns with those of their own panel and of all that follow: what
  /// lies before has seen them.
  /// - Parameter body: the column, the first of those that it is multiplied with, and the products, which are valid only
  ///   inside `body`; their error is at most `scoreError` if the columns are no longer than 1.
  func forEachProductRow(
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

/// Memory for inner products of one worker, kept from one use to the next.
final class ScoreBuffer {
  private var floats: UnsafeMutableBufferPointer<Float> = .allocate(capacity: 0)

  deinit { floats.deallocate() }

  func withRoom<R>(for count: Int, _ body: (UnsafeMutablePointer<Float>) -> R) -> R {
    if floats.count < count {
      floats.deallocate()
      floats = .allocate(capacity: count)
      floats.initialize(repeating: 0)
    }
    guard let start = floats.baseAddress else { preconditionFailure("no memory was asked for") }
    return body(start)
  }
}
