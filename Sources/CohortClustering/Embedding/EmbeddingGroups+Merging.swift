internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// The search for the merges that cost least.
extension EmbeddingGroups {
  /// The pairs of groups whose merge costs least by Ward's criterion, n_a n_b / (n_a + n_b) |mean_a - mean_b|², among
  /// those below a limit: at most 64, cheapest first, among equals those with the lowest ids.
  ///
  /// Costs are of the means rounded to Float32, in fixed-order Float64; products only leave out pairs that are certainly
  /// dearer.
  func cheapestMerges(below limit: Double, _ context: inout RoundContext, _ work: Workspace) throws -> [Merge] {
    let isKept = everyone(work).tree == nil && ids.count <= ColumnProducts.mostColumns && options.keepsProducts
    if !isKept { memory.forget() }
    let found =
      isKept ? pairsByPublished(below: limit, &context, work) : try pairsByMeans(below: limit, work)
    let ordered = found.sorted { ($0.cost, $0.first, $0.second) < ($1.cost, $1.first, $1.second) }
    var pairs: [CheapestPairs.Pair] = []
    // A pair may have been found from both sides.
    for pair in ordered where pairs.last?.first != pair.first || pairs.last?.second != pair.second {
      pairs.append(pair)
      if pairs.count == CheapestPairs.most { break }
    }
    return pairs.map {
      let (heir, closed) = counts[$0.first] >= counts[$0.second] ? ($0.first, $0.second) : ($0.second, $0.first)
      return Merge(heir: ids[heir], closed: ids[closed], cost: $0.cost)
    }
  }

  /// Looks at the means of those pairs only whose published centroids are near enough. With d the distance of the centroids
  /// and e the sum of the distances of the means from them, the squared distance of the means is at least
  /// (d - e)² >= 3/4 d² - 3 e².
  private func pairsByPublished(
    below limit: Double, _ context: inout RoundContext, _ work: Workspace
  ) -> [CheapestPairs.Pair] {
    var products = memory.takeProducts()
    defer { memory.keep(products) }
    let everyone = everyone(work)
    let computed = products.renew(ids.map(\.rawValue), centroids, everyone, work.path, work.lanes[0].scores)
    context.outcome.statistics.innerProducts += UInt64(computed)
    let count = ids.count
    var weights = [Double](repeating: 0, count: count)
    // Per slot |centroid|² and what the mean's distance from it may take away.
    var (squares, slacks) = (weights, weights)
    for (column, slot) in everyone.slots.enumerated() where slot >= 0 {
      weights[slot] = Double(counts[slot])
      squares[slot] = 2 * Double(everyone.halfNorm(column)) - 2 * products.error - 1e-6
      slacks[slot] = 6 * measure(slot, work.path).drift / max(weights[slot], 1) + 1e-6
    }
    let most = work.bounds.map { Double($0.intake) } ?? .infinity
    var means = [[Float]?](repeating: nil, count: count)
    var cheapest = CheapestPairs(below: limit)
    products.values.withUnsafeBufferPointer { products in
      for a in 0..<count {
        for b in (a + 1)..<count {
          let apart = 0.75 * (squares[a] + squares[b] - 2 * Double(products[a * count + b])) - slacks[a] - slacks[b]
          let both = weights[a] + weights[b]
          guard weights[a] * weights[b] * apart <= cheapest.least * both, both <= most else { continue }
          let (first, second) = (means[a] ?? mean(of: a), means[b] ?? mean(of: b))
          (means[a], means[b]) = (first, second)
          cheapest.offer(
            a, b, weights[a] * weights[b] / both * cohort_squared_distance(work.path, first, second, dimension))
        }
      }
    }
    return cheapest.pairs
  }

  /// Looks at all pairs of means, or at those of neighbouring branches.
  private func pairsByMeans(below limit: Double, _ work: Workspace) throws -> [CheapestPairs.Pair] {
    let (means, numbers) = (ids.indices.flatMap { mean(of: $0) }, ids.map(\.rawValue))
    let (dimension, lanes, path, counts) = (dimension, work.lanes, work.path, counts.map { Double($0) })
    let most = work.bounds.map { Double($0.intake) } ?? .infinity
    let everyone = everyone(work)
    if let tree = everyone.tree {
      let slots = everyone.slots
      return try work.workers.map(tree.branches.count, isWorthwhile: true) { worker, branch in
        let own = tree.branches[branch].slots.filter { $0 >= 0 }.count
        let near = tree.neighbours(of: branch, path).flatMap { tree.branches[$0].slots.filter { $0 >= 0 } }
        let columns = ColumnSet(dimension: dimension, slots: near.map { slots[$0] }, ids: numbers, vectors: means)
        return Self.cheapestPairs(of: 0..<own, in: columns, counts, below: limit, atMost: most, path, lanes[worker])
      }.flatMap { $0 }
    }
    let columns = ColumnSet(dimension: dimension, slots: ids.indices, ids: numbers, vectors: means)
    let grain = 48
    return try work.workers.map(
      (columns.count + grain - 1) / grain, isWorthwhile: Workers.isWorthwhile(columns.count * means.count)
    ) { worker, part in
      let some = (part * grain)..<min((part + 1) * grain, columns.count)
      return Self.cheapestPairs(of: some, in: columns, counts, below: limit, atMost: most, path, lanes[worker])
    }.flatMap { $0 }
  }

  /// The cheapest pairs of some columns with all columns of a set, each pair of the set's slots once.
  private static func cheapestPairs(
    of some: Range<Int>, in columns: ColumnSet, _ counts: [Double], below limit: Double, atMost most: Double,
    _ path: cohort_path, _ lane: Lane
  ) -> [CheapestPairs.Pair] {
    let error = 2 * columns.scoreError + 1e-12
    var cheapest = CheapestPairs(below: limit)
    let halfNorms = (0..<columns.count).map { Double(columns.halfNorm($0)) }
    lane.statistics.innerProducts += UInt64(some.count * (columns.count - some.lowerBound))
    let slots = columns.slots
    columns.forEachProductRow(some, path, lane.scores) { a, first, products in
      let slot = slots[a]
      for b in first..<slots.count where slots[b] > slot || (b >= some.upperBound && slots[b] != slot) {
        let other = slots[b]
        guard counts[slot] + counts[other] <= most else { continue }
        let weight = counts[slot] * counts[other] / (counts[slot] + counts[other])
        let apart = 2 * (halfNorms[a] + halfNorms[b] - Double(products[b - first])) - 2 * error
        guard weight * apart <= cheapest.least else { continue }
        cheapest.offer(slot, other, weight * columns.distance(between: a, and: b, path))
      }
    }
    return cheapest.pairs
  }
}

/// The cheapest of the pairs that were offered.
private struct CheapestPairs {
  /// Pairs looked at for one step.
  static let most = 64

  /// Two slots, the first below the second, and what merging them costs.
  struct Pair {
    var first: Int
    var second: Int
    var cost: Double
  }

  private(set) var pairs: [Pair] = []
  /// A pair has to cost less.
  private(set) var least: Double

  init(below limit: Double) { least = limit }

  mutating func offer(_ a: Int, _ b: Int, _ cost: Double) {
    guard cost < least else { return }
    let pair = Pair(first: min(a, b), second: max(a, b), cost: cost)
    let place = pairs.lastIndex { ($0.cost, $0.first, $0.second) <= (cost, pair.first, pair.second) }
    pairs.insert(pair, at: place.map { $0 + 1 } ?? 0)
    if pairs.count > Self.most { pairs.removeLast() }
    if pairs.count == Self.most, let last = pairs.last { least = last.cost }
  }
}
