import CohortCore
import CohortKernels
import CohortSelection
import CohortTesting
import CohortVectors

/// A pool with vectors: rows around centres, some of them twice, some without a vector.
struct SelectionData {
  static let dimension = 24
  let pool: SelectionPool
  let rows: MemoryRows

  init(_ pool: SelectionPool, _ rows: MemoryRows) { (self.pool, self.rows) = (pool, rows) }

  init(_ count: Int, clusters: Int, strata: Int = 1, missing: Double = 0, seed: UInt64) {
    var random = TestRandom(seed: seed)
    let centers = random.rows(clusters, dimension: Self.dimension)
    var pool = SelectionPool(ids: [])
    var vectors: [[Float]?] = []
    for id in 0..<(count * 2) {
      guard pool.count < count else { break }
      // Ids have gaps, as where samples were deleted.
      guard random.below(5) > 0 || count * 2 - id <= count - pool.count else {
        vectors.append(nil)
        continue
      }
      // The first clusters are larger than the last.
      let cluster = min(random.below(clusters), random.below(clusters))
      let spread = 0.2 + 0.6 * random.unit()
      let vector = centers[cluster].map { $0 + Float(spread * random.normal()) }
      vectors.append(random.unit() < missing ? nil : vector.map { Float(Float16($0)) })
      pool.ids.append(UInt64(id))
      pool.clusters.append(UInt32(cluster))
      pool.tokens.append(UInt32(1 + random.below(40)))
      if strata > 1 { pool.strata.append(UInt32(min(random.below(strata), random.below(strata)))) }
    }
    pool.clusterCount = clusters
    pool.centroids = [[Float]?](repeating: nil, count: clusters)
    pool.stratumCount = strata
    self.pool = pool
    rows = MemoryRows(vectors: vectors)
  }

  /// Runs `body` with an engine over the vectors.
  func withEngine<R>(
    workers count: Int = 1, path: KernelPath = .best, keptBytes: Int = 24 << 20,
    progress: @escaping (SelectionProgress) throws -> Void = { _ in }, _ body: (SelectionEngine) throws -> R
  ) rethrows -> R {
    let workers = Workers(count: count)
    defer { workers.end() }
    return try body(
      SelectionEngine(
        source: rows, dimension: Self.dimension, workers: workers, path: path, keptBytes: keptBytes,
        progress: progress))
  }

  /// The same over other vectors.
  static func withEngine<R>(_ rows: MemoryRows, _ body: (SelectionEngine) throws -> R) rethrows -> R {
    let workers = Workers(count: 1)
    defer { workers.end() }
    return try body(SelectionEngine(source: rows, dimension: dimension, workers: workers))
  }

  func select(
    _ options: SelectionOptions, _ budget: SelectionBudget, workers: Int = 1, path: KernelPath = .best,
    keptBytes: Int = 24 << 20, picked: [UInt32] = []
  ) throws -> [UInt32] {
    var pool = pool
    pool.picked = picked
    return try withEngine(workers: workers, path: path, keptBytes: keptBytes) {
      try $0.select(from: pool, options, budget).rows
    }
  }

  /// The rows with length 1, as selections compare them; nil for one without a vector.
  func normalized() throws -> [[Float]?] {
    try pool.ids.map { id in
      let block = RowBlock(dimension: Self.dimension, capacity: 1)
      try block.load([id], rows, COHORT_PATH_BEST)
      return block.isPresent(0) ? Array(block.values(0)) : nil
    }
  }

  static func product(_ a: [Float], _ b: [Float]) -> Float {
    var product: Float = 0
    cohort_project(COHORT_PATH_PLAIN, a, 1, dimension, b, &product)
    return product
  }

  /// Every method with and without a minimum.
  static func choices(seed: UInt64) -> [SelectionOptions] {
    SelectionMethod.allCases.flatMap { method in
      [
        SelectionOptions(method: method, seed: seed),
        SelectionOptions(method: method, seed: seed, shares: .proportional, minimum: 2),
      ]
    }
  }
}
