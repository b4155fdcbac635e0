internal import CohortCore
internal import CohortKernels

/// Inner products of the published centroids with one another. Few of them change in a round, so they are kept from one
/// to the next; what has changed is found by comparing the centroids themselves.
struct CentroidProducts: Sendable {
  /// With more groups than this they would take more than 16 MiB.
  static let mostGroups = 2_048

  private var ids: [GroupID] = []
  private var centroids: [Float] = []
  /// A row of `ids.count` per slot.
  private(set) var values: [Float] = []
  /// Largest error of a product.
  private(set) var error = 0.0

  /// - Parameters:
  ///   - groups: ids by slot, ascending.
  ///   - everyone: the same centroids, packed.
  /// - Returns: how many products had to be computed.
  /// - Complexity: changed x groups products.
  mutating func renew(
    _ groups: [GroupID], _ published: [Float], _ everyone: ColumnSet, _ path: cohort_path, _ scores: ScoreBuffer
  ) -> Int {
    let (count, dimension) = (groups.count, everyone.dimension)
    let before = places(of: groups)
    if ids != groups { rearrange(before) }
    let changed = published.withUnsafeBufferPointer { now in
      centroids.withUnsafeBufferPointer { old in
        (0..<count).filter { slot in
          guard before[slot] >= 0, let old = old.baseAddress, let now = now.baseAddress else { return true }
          return cohort_same_floats(old + before[slot] * dimension, now + slot * dimension, dimension) == 0
        }
      }
    }
    (ids, centroids) = (groups, published)
    error = max(error, everyone.scoreError)
    let (width, rowsAtOnce) = (ColumnSet.panels(everyone.count), 48)
    scores.withRoom(for: rowsAtOnce * width) { products in
      for start in stride(from: 0, to: changed.count, by: rowsAtOnce) {
        let some = changed[start..<min(start + rowsAtOnce, changed.count)]
        let rows = some.flatMap { published[($0 * dimension)..<(($0 + 1) * dimension)] }
        cohort_inner_products(path, rows, some.count, dimension, everyone.packed, everyone.count, products, width)
        for (row, slot) in some.enumerated() {
          for (column, other) in everyone.slots.enumerated() where other >= 0 {
            values[slot * count + other] = products[row * width + column]
            values[other * count + slot] = products[row * width + column]
          }
        }
      }
    }
    return changed.count * count
  }

  /// Where each of some groups was; -1 for a new one. Both lists ascend.
  private func places(of groups: [GroupID]) -> [Int] {
    var place = 0
    return groups.map { group in
      while place < ids.count, ids[place] < group { place += 1 }
      return place < ids.count && ids[place] == group ? place : -1
    }
  }

  private mutating func rearrange(_ before: [Int]) {
    let (count, old) = (before.count, ids.count)
    var next = [Float](repeating: 0, count: count * count)
    for (a, from) in before.enumerated() where from >= 0 {
      for (b, other) in before.enumerated() where other >= 0 { next[a * count + b] = values[from * old + other] }
    }
    values = next
  }
}
