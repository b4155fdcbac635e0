import CohortSelection
import CohortTesting
import Testing

struct QuotaTests {
  /// The number of rows that each cluster gives, by going through all clusters for each pick.
  private static func sainteLague(_ sizes: [Int], _ count: Int, minimum: Int = 0) -> [UInt64] {
    var picks = [Int](repeating: 0, count: sizes.count)
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
            ? picks[cluster] < picks[known]
            : sizes[cluster] * (2 * picks[known] + 1) > sizes[known] * (2 * picks[cluster] + 1)
        if isBefore { best = cluster }
      }
      if let best { picks[best] += 1 }
    }
    return picks.map(UInt64.init)
  }

  @Test(arguments: [0, 3])
  func clustersGiveWhatSainteLagueGivesThem(minimum: Int) throws {
    let seed: UInt64 = 321
    for clusters in [1, 2, 7, 40] {
      let data = SelectionData(250, clusters: clusters, seed: seed)
      var sizes = [Int](repeating: 0, count: clusters)
      for cluster in data.pool.clusters { sizes[Int(cluster)] += 1 }
      for count in [1, 2, 13, 100, 249] {
        let options = SelectionOptions(seed: 1, minimum: UInt64(minimum))
        let picks = try data.withEngine { try $0.select(from: data.pool, options, .rows(UInt64(count))).clusterPicks }
        #expect(picks == Self.sainteLague(sizes, count, minimum: minimum), "seed \(seed), \(count) of \(clusters)")
      }
    }
  }

  @Test func equalClustersTakeTurnsInTheOrderOfTheirNumbers() throws {
    var pool = SelectionPool(ids: (0..<40).map(UInt64.init))
    pool.clusters = (0..<40).map { UInt32($0 % 4) }
    (pool.clusterCount, pool.centroids) = (4, [nil, nil, nil, nil])
    // No row has a vector: the order within a cluster is that of the hash.
    let data = MemoryRows(vectors: [[Float]?](repeating: nil, count: 40))
    let rows = try SelectionData.withEngine(data) {
      try $0.select(from: pool, SelectionOptions(method: .stratified), .rows(10)).rows
    }
    #expect(rows.map { $0 % 4 } == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1])
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
      #expect(bySize == Self.sainteLague(sizes, 80))
    }
  }
}
