internal import CohortVectors

extension SelectionEngine {
  /// Merges clusters until there are about as many as the square root of the rows, where there are more than twice as many:
  /// by k-means of their centroids, each counted as often as it has rows. The largest clusters are where it begins.
  ///
  /// Clusters without a centroid stay as they are.
  /// - Complexity: 10 x clusters x sqrt(rows) products.
  package func merged(_ pool: SelectionPool) throws -> SelectionPool {
    let target = max(1, Int(Double(pool.count).squareRoot().rounded()))
    guard pool.clusterCount > 2 * target else { return pool }
    let centroids = try centroids(
      of: pool.ids, labels: pool.clusters, count: pool.clusterCount, known: pool.centroids)
    var sizes = [Int](repeating: 0, count: pool.clusterCount)
    for cluster in pool.clusters { sizes[Int(cluster)] += 1 }
    let known = centroids.indices.filter { centroids[$0] != nil && sizes[$0] > 0 }
    let blind = centroids.indices.filter { centroids[$0] == nil && sizes[$0] > 0 }
    guard known.count > target else { return pool }
    let points = ColumnSet(dimension: dimension, capacity: known.count)
    for (place, cluster) in known.enumerated() { add(centroids[cluster] ?? [], to: points, place) }
    let largest = known.indices.sorted { a, b in
      sizes[known[a]] != sizes[known[b]] ? sizes[known[a]] > sizes[known[b]] : a < b
    }
    let means = ColumnSet(dimension: dimension, capacity: target)
    for (place, point) in largest.prefix(target).sorted().enumerated() {
      means.append(points.values(point), slot: place, id: UInt32(place))
    }
    var homes: [Int] = []
    let scores = ScoreBuffer()
    for step in 0..<10 {
      try tell("merging", step, 10)
      let found = points.nearest(in: means, 0..<points.count, path)
      let next = found.enumerated().map { means.decide(points.plain($0), $1, path, scores).column }
      guard next != homes else { break }
      homes = next
      replace(means, points, homes, sizes: known.map { sizes[$0] })
    }
    return apply(homes, means, known: known, blind: blind, to: pool)
  }

  private func add(_ values: [Float], to points: ColumnSet, _ place: Int) {
    values.withUnsafeBufferPointer { points.append($0, slot: place, id: UInt32(place)) }
  }

  private func replace(_ means: ColumnSet, _ points: ColumnSet, _ homes: [Int], sizes: [Int]) {
    var sums = [[Double]](repeating: [Double](repeating: 0, count: dimension), count: means.count)
    var weights = [Double](repeating: 0, count: means.count)
    for (point, home) in homes.enumerated() {
      for (i, value) in points.values(point).enumerated() { sums[home][i] += Double(value) * Double(sizes[point]) }
      weights[home] += Double(sizes[point])
    }
    for home in 0..<means.count where weights[home] > 0 {
      let mean = sums[home].map { Float($0 / weights[home]) }
      mean.withUnsafeBufferPointer { means.replace(home, $0) }
    }
  }

  /// Numbers the new clusters: those of the means that have members, then those without a centroid.
  private func apply(
    _ homes: [Int], _ means: ColumnSet, known: [Int], blind: [Int], to pool: SelectionPool
  ) -> SelectionPool {
    var next = pool
    var number = [UInt32](repeating: 0, count: pool.clusterCount)
    let used = Set(homes).sorted()
    let place = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, UInt32($0)) })
    for (point, home) in homes.enumerated() { number[known[point]] = place[home] ?? 0 }
    for (index, cluster) in blind.enumerated() { number[cluster] = UInt32(used.count + index) }
    next.clusters = pool.clusters.map { number[Int($0)] }
    next.clusterCount = used.count + blind.count
    next.centroids = used.map { Array(means.values($0)) } + blind.map { _ in nil }
    return next
  }
}
