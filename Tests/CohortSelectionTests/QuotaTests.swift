import CohortSelection
import CohortTesting
import Testing

struct QuotaTests {
  /// The number of rows that each cluster gives, by going through all clusters for each pick.
  /// - Parameter starts: in 2^-32, one a cluster.
  private static func picks(_ sizes: [Int], _ count: Int, starts: [UInt64], minimum: Int = 0) -> [UInt64] {
    var picks = [Int](repeating: 0, count: sizes.count)
    func divisor(_ cluster: Int) -> Int { picks[cluster] << 32 + Int(starts[cluster]) }
    for _ in 0..<count {
      var best: Int?
      for cluster in sizes.indices where picks[cluster] < sizes[cluster] {
        guard let known = best else {
          best = cluster
          continue
        }
        let (mine, other) = (picks[cluster] < minimum, picks[known] < minimum)
        let isBefore =
          mine != other
          ? mine
          : mine && picks[cluster] != picks[known]
            ? picks[cluster] < picks[known] : sizes[cluster] * divisor(known) > sizes[known] * divisor(cluster)
        if isBefore { best = cluster }
      }
      if let best { picks[best] += 1 }
    }
    return picks.map(UInt64.init)
  }

  private static func halves(_ count: Int) -> [UInt64] { [UInt64](repeating: 1 << 31, count: count) }

  private static func starts(_ count: Int, seed: UInt64) -> [UInt64] {
    (0..<UInt64(count)).map { max(KeyedOrder(seed: seed, purpose: 2).hash($0) >> 32, 1) }
  }

  @Test(arguments: [0, 3])
  func clustersGiveInProportionToTheirSizes(minimum: Int) throws {
    let seed: UInt64 = 321
    for clusters in [1, 2, 7, 40] {
      let data = SelectionData(250, clusters: clusters, seed: seed)
      var sizes = [Int](repeating: 0, count: clusters)
      for cluster in data.pool.clusters { sizes[Int(cluster)] += 1 }
      for count in [1, 2, 13, 100, 249] {
        for method in [SelectionMethod.stratified, .kmeansKCenter] {
          let options = SelectionOptions(method: method, seed: 1, minimum: UInt64(minimum))
          let starts = method == .stratified ? Self.starts(clusters, seed: 1) : Self.halves(clusters)
          let picks = try data.withEngine { try $0.select(from: data.pool, options, .rows(UInt64(count))).clusterPicks }
          let expected = Self.picks(sizes, count, starts: starts, minimum: minimum)
          #expect(picks == expected, "seed \(seed), \(count) of \(clusters) by \(method)")
        }
      }
    }
  }

  private static func equalClusters() -> SelectionPool {
    var pool = SelectionPool(ids: (0..<40).map(UInt64.init))
    pool.clusters = (0..<40).map { UInt32($0 % 4) }
    (pool.clusterCount, pool.centroids) = (4, [nil, nil, nil, nil])
    return pool
  }

  @Test func equalClustersTakeTurnsInOneOrder() throws {
    let pool = Self.equalClusters()
    // No row has a vector: the order within a cluster is that of the hash.
    let data = MemoryRows(vectors: [[Float]?](repeating: nil, count: 40))
    let rows = try SelectionData.withEngine(data) {
      try $0.select(from: pool, SelectionOptions(method: .stratified), .rows(12)).rows
    }
    let clusters = rows.map { $0 % 4 }
    #expect(Set(clusters.prefix(4)) == [0, 1, 2, 3])
    #expect(clusters == (0..<3).flatMap { _ in clusters.prefix(4) })
  }

  /// With fewer picks than clusters, each cluster has its turn under some seed.
  @Test func noClusterIsLeftOutUnderEverySeed() throws {
    let pool = Self.equalClusters()
    let data = MemoryRows(vectors: [[Float]?](repeating: nil, count: 40))
    let first = try (0..<64).map { seed in
      try SelectionData.withEngine(data) {
        try $0.select(from: pool, SelectionOptions(method: .stratified, seed: seed), .rows(1)).rows[0] % 4
      }
    }
    #expect(Set(first) == [0, 1, 2, 3])
  }

  private static func vector(_ second: Float) -> [Float] {
    [1, second] + [Float](repeating: 0, count: SelectionData.dimension - 2)
  }

  /// The first row of a cluster is one of the quarter nearest to its centroid, and which one, the seed says.
  @Test func aClusterBeginsNearItsCentroid() throws {
    var pool = SelectionPool(ids: (0..<41).map(UInt64.init))
    pool.clusters = [UInt32](repeating: 0, count: 41)
    (pool.clusterCount, pool.centroids) = (1, [Self.vector(0)])
    let vectors = (0..<41).map { row in row == 7 ? nil : Self.vector(Float((row * 17) % 41)) }
    let order = (0..<41).filter { $0 != 7 }.sorted { ($0 * 17) % 41 < ($1 * 17) % 41 }
    let nearest = Set(order.prefix(10).map(UInt32.init))
    let data = MemoryRows(vectors: vectors)
    let first = try (0..<200).map { seed in
      try SelectionData.withEngine(data) {
        try $0.select(from: pool, SelectionOptions(method: .stratified, seed: seed), .rows(1)).rows[0]
      }
    }
    #expect(Set(first) == nearest)
  }

  @Test func strataShareAlikeOrByTheirSizes() throws {
    let data = SelectionData(600, clusters: 10, strata: 4, seed: 322)
    var sizes = [Int](repeating: 0, count: 4)
    for stratum in data.pool.strata { sizes[Int(stratum)] += 1 }
    for method in SelectionMethod.allCases {
      let alike = try data.withEngine {
        try $0.select(from: data.pool, SelectionOptions(method: method), .rows(80)).stratumPicks
      }
      #expect(alike == [20, 20, 20, 20])
      let bySize = try data.withEngine {
        try $0.select(from: data.pool, SelectionOptions(method: method, shares: .proportional), .rows(80)).stratumPicks
      }
      #expect(bySize == Self.picks(sizes, 80, starts: Self.halves(4)))
    }
  }
}
