internal import CohortCore
internal import CohortVectors

extension SelectionEngine {
  /// The most isolated rows: the share of those with a vector that is farthest from its clusters' centroids, at least one row
  /// unless the share is 0. Of equally far rows the lower one counts as the farther.
  /// - Parameter share: 0 to 1.
  /// - Returns: one flag a row.
  /// - Throws: `selection.option` for a share beyond its bounds; what the rows' source and `progress` throw.
  /// - Complexity: a pass over the vectors, and one more where centroids are not known.
  package func isolated(in pool: SelectionPool, share: Double) throws -> [Bool] {
    guard share >= 0, share <= 1 else {
      throw CohortError(.selectionOption, "\(share) is no share", hint: "Choose one from 0 to 1, as 0.01")
    }
    let centroids = try centroids(
      of: pool.ids, labels: pool.clusters, count: pool.clusterCount, known: pool.centroids)
    let distances = try distances(
      of: pool.ids, cells: pool.clusters, isAsked: [Bool](repeating: true, count: pool.clusterCount),
      centroids: centroids, stage: "isolation")
    let order = pool.ids.indices.filter { distances[$0] >= 0 }.sorted { a, b in
      distances[a] != distances[b] ? distances[a] > distances[b] : a < b
    }
    var isIsolated = [Bool](repeating: false, count: pool.count)
    let count = share == 0 ? 0 : max(1, Int((share * Double(order.count)).rounded(.down)))
    for row in order.prefix(count) { isIsolated[row] = true }
    return isIsolated
  }
}
