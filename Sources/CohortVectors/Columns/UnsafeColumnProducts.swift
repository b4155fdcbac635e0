package import CohortKernels

/// Inner products of some columns with one another. Where few columns change from one use to the next they are kept; what
/// has changed is found by comparing the columns themselves.
package struct ColumnProducts: Sendable {
  /// With more columns than this they would take more than 16 MiB.
  package static let mostColumns = 2_048

  private var ids: [UInt32] = []
  private var vectors: [Float] = []
  /// A row of `ids.count` per slot.
  package private(set) var values: [Float] = []
  /// Largest error of a product.
  package private(set) var error = 0.0

  /// Nothing is known yet.
  package init() {}

  /// Brings the products up to date.
  /// - Parameters:
  ///   - next: ids by slot, ascending.
  ///   - now: the vector of each slot, row after row.
  ///   - columns: the same vectors, packed.
  /// - Returns: how many products had to be computed.
  /// - Complexity: changed x all products.
  package mutating func renew(
    _ next: [UInt32], _ now: [Float], _ columns: ColumnSet, _ path: cohort_path, _ scores: ScoreBuffer
  ) -> Int {
    let (count, dimension) = (next.count, columns.dimension)
    let before = places(of: next)
    if ids != next { rearrange(before) }
    let changed = now.withUnsafeBufferPointer { now in
      vectors.withUnsafeBufferPointer { old in
        (0..<count).filter { slot in
          guard before[slot] >= 0, let old = old.baseAddress, let now = now.baseAddress else { return true }
          return cohort_same_floats(old + before[slot] * dimension, now + slot * dimension, dimension) == 0
        }
      }
    }
    (ids, vectors) = (next, now)
    error = max(error, columns.scoreError)
    let (width, rowsAtOnce) = (ColumnSet.panels(columns.count), 48)
    scores.withRoom(for: rowsAtOnce * width) { products in
      for start in stride(from: 0, to: changed.count, by: rowsAtOnce) {
        let some = changed[start..<min(start + rowsAtOnce, changed.count)]
        let rows = some.flatMap { now[($0 * dimension)..<(($0 + 1) * dimension)] }
        cohort_inner_products(path, rows, some.count, dimension, columns.packed, columns.count, products, width)
        for (row, slot) in some.enumerated() {
          for (column, other) in columns.slots.enumerated() where other >= 0 {
            values[slot * count + other] = products[row * width + column]
            values[other * count + slot] = products[row * width + column]
          }
        }
      }
    }
    return changed.count * count
  }

  /// Where each of some columns was; -1 for a new one. Both lists ascend.
  private func places(of next: [UInt32]) -> [Int] {
    var place = 0
    return next.map { id in
      while place < ids.count, ids[place] < id { place += 1 }
      return place < ids.count && ids[place] == id ? place : -1
    }
  }

  private mutating func rearrange(_ before: [Int]) {
    let (count, old) = (before.count, ids.count)
    var moved = [Float](repeating: 0, count: count * count)
    for (a, from) in before.enumerated() where from >= 0 {
      for (b, other) in before.enumerated() where other >= 0 { moved[a * count + b] = values[from * old + other] }
    }
    values = moved
  }
}
