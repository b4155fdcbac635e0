import CohortSelection
import CohortTesting
import CohortVectors
import Testing

struct GreedyTests {
  /// Farthest first, looking at all rows each time.
  private static func farthestFirst(_ rows: [[Float]?], first: Int, _ count: Int) -> [UInt32] {
    var order = [first]
    while order.count < count {
      var best: (row: Int, product: Float)?
      for row in rows.indices where !order.contains(row) {
        guard let vector = rows[row] else { continue }
        let product = order.compactMap { rows[$0] }.map { SelectionData.product($0, vector) }.max() ?? -1
        if product < best?.product ?? .infinity { best = (row, product) }
      }
      guard let best else { break }
      order.append(best.row)
    }
    return order.map(UInt32.init)
  }

  @Test(arguments: [24 << 20, 1_000])
  func lazyKCenterPicksWhatPlainGreedyPicks(keptBytes: Int) throws {
    let seed: UInt64 = 331
    for (count, missing) in [(60, 0.0), (350, 0.05)] {
      let data = SelectionData(count, clusters: 6, missing: missing, seed: seed)
      let options = SelectionOptions(method: .kcenter)
      let picks = try data.select(options, .rows(50), workers: 2, keptBytes: keptBytes)
      let plain = Self.farthestFirst(try data.normalized(), first: Int(picks[0]), 50)
      #expect(picks == plain, "seed \(seed), \(count) rows")
    }
  }

  /// Facility location, looking at all rows each time.
  private static func facilityLocation(_ rows: [[Float]], _ count: Int, costs: [Double]) -> [UInt32] {
    var nearest = [Float](repeating: 0, count: rows.count)
    var order: [UInt32] = []
    while order.count < count {
      var best: (row: Int, gain: Double)?
      for row in rows.indices where !order.contains(UInt32(row)) {
        var gain = 0.0
        for (i, other) in rows.enumerated() {
          let more = SelectionData.product(other, rows[row]) - nearest[i]
          if more > 0 { gain += Double(more) }
        }
        gain /= costs[row]
        if gain > best?.gain ?? -1 { best = (row, gain) }
      }
      guard let best else { break }
      order.append(UInt32(best.row))
      for (i, other) in rows.enumerated() {
        nearest[i] = max(nearest[i], SelectionData.product(other, rows[best.row]))
      }
    }
    return order
  }

  @Test(arguments: [24 << 20, 1_000])
  func lazyFacilityLocationPicksWhatPlainGreedyPicks(keptBytes: Int) throws {
    let seed: UInt64 = 332
    let data = SelectionData(180, clusters: 1, seed: seed)
    let rows = try data.normalized().compactMap { $0 }
    let options = SelectionOptions(method: .facilityLocation)
    let picks = try data.select(options, .rows(40), workers: 3, keptBytes: keptBytes)
    #expect(picks == Self.facilityLocation(rows, 40, costs: rows.map { _ in 1 }), "seed \(seed)")
    // By tokens a row's gain is weighed against the root of its length.
    let costs = data.pool.tokens.map { Double($0).squareRoot() }
    let budget: UInt64 = 200
    let cheap = try data.select(options, .tokens(budget), keptBytes: keptBytes)
    var rest = budget
    let expected = Self.facilityLocation(rows, rows.count, costs: costs).filter { row in
      let tokens = UInt64(data.pool.tokens[Int(row)])
      guard tokens <= rest else { return false }
      rest -= tokens
      return true
    }
    #expect(cheap == expected, "seed \(seed)")
  }

  @Test func kCenterWithinClustersIsKCenterOfEachCluster() throws {
    let seed: UInt64 = 333
    let data = SelectionData(240, clusters: 5, seed: seed)
    let rows = try data.normalized()
    let picks = try data.select(SelectionOptions(method: .kmeansKCenter), .rows(60))
    for cluster in 0..<5 {
      let members = data.pool.clusters.indices.filter { data.pool.clusters[$0] == UInt32(cluster) }
      let mine = picks.filter { data.pool.clusters[Int($0)] == UInt32(cluster) }.map(Int.init)
      guard let first = mine.first, let start = members.firstIndex(of: first) else { continue }
      let plain = Self.farthestFirst(members.map { rows[$0] }, first: start, mine.count)
      #expect(mine == plain.map { members[Int($0)] }, "seed \(seed), cluster \(cluster)")
    }
  }

  @Test func theFirstOfACentredClusterIsNearestToItsMean() throws {
    let seed: UInt64 = 334
    let data = SelectionData(200, clusters: 4, seed: seed)
    let rows = try data.normalized().compactMap { $0 }
    let picks = try data.select(SelectionOptions(method: .kmeansKCenter), .rows(40))
    for cluster in 0..<4 {
      let members = data.pool.clusters.indices.filter { data.pool.clusters[$0] == UInt32(cluster) }
      let mean = (0..<SelectionData.dimension).map { i in
        members.reduce(0.0) { $0 + Double(rows[$1][i]) } / Double(members.count)
      }
      func distance(_ row: Int) -> Double {
        zip(rows[row], mean).reduce(0.0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
      }
      let first = picks.first { data.pool.clusters[Int($0)] == UInt32(cluster) }
      let least = members.map(distance).min()
      #expect(first.map { distance(Int($0)) <= (least ?? 0) + 1e-6 } == true, "seed \(seed), cluster \(cluster)")
    }
  }

  @Test func whiteningIsTheSameForAnyThreadsAndMakesDirectionsAlike() throws {
    let seed: UInt64 = 336
    let data = SelectionData(800, clusters: 3, missing: 0.02, seed: seed)
    let options = SelectionOptions(method: .kcenter)
    let one = try data.withEngine(path: .plain) {
      try $0.whitened(for: data.pool).select(from: data.pool, options, .rows(60)).rows
    }
    let four = try data.withEngine(workers: 4, keptBytes: 2_000) {
      try $0.whitened(for: data.pool).select(from: data.pool, options, .rows(60)).rows
    }
    let plain = try data.select(options, .rows(60))
    #expect(one == four && one != plain, "seed \(seed)")
  }

  @Test func theMostIsolatedAreFarthestFromTheirCentroids() throws {
    let seed: UInt64 = 337
    let data = SelectionData(400, clusters: 5, missing: 0.05, seed: seed)
    let rows = try data.normalized()
    let isolated = try data.withEngine(workers: 3) { try $0.isolated(in: data.pool, share: 0.05) }
    var distances = [Double?](repeating: nil, count: rows.count)
    for cluster in 0..<5 {
      let members = rows.indices.filter { data.pool.clusters[$0] == UInt32(cluster) && rows[$0] != nil }
      let mean = (0..<SelectionData.dimension).map { i in
        members.reduce(0.0) { $0 + Double(rows[$1]?[i] ?? 0) } / Double(max(members.count, 1))
      }
      for row in members {
        distances[row] = zip(rows[row] ?? [], mean).reduce(0.0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
      }
    }
    let count = distances.count { $0 != nil } / 20
    #expect(isolated.count { $0 } == count, "seed \(seed)")
    let least = rows.indices.filter { isolated[$0] }.compactMap { distances[$0] }.min() ?? 0
    let rest = rows.indices.filter { !isolated[$0] }.compactMap { distances[$0] }.max() ?? 0
    #expect(least >= rest - 1e-5, "seed \(seed): \(least) \(rest)")
    #expect(try data.withEngine { try $0.isolated(in: data.pool, share: 0) }.allSatisfy { !$0 })
  }

  @Test func rowsWithoutAVectorComeLast() throws {
    let data = SelectionData(120, clusters: 1, missing: 0.3, seed: 335)
    let blind = Set(try data.normalized().enumerated().filter { $1 == nil }.map { UInt32($0.offset) })
    for method in [SelectionMethod.kcenter, .kmeansKCenter, .facilityLocation] {
      let picks = try data.select(SelectionOptions(method: method), .rows(UInt64(data.pool.count)))
      #expect(Set(picks.suffix(blind.count)) == blind)
      #expect(picks.suffix(blind.count) == picks.suffix(blind.count).sorted()[...])
    }
  }
}
