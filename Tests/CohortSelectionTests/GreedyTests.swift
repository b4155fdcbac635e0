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

  /// Many rows, a third of them copies of others, so that the last picks are all equally far: rounds of many candidates, and
  /// ties that have to be decided.
  @Test(arguments: [KernelPath.plain, .best])
  func kCenterOfManyRowsIsPlainGreedyInAnyNumberOfRounds(path: KernelPath) throws {
    let seed: UInt64 = 338
    var data = SelectionData(4_000, clusters: 8, missing: 0.02, seed: seed)
    var random = TestRandom(seed: seed)
    var vectors = data.rows.vectors
    for id in vectors.indices where id > 3_000 && vectors[id] != nil { vectors[id] = vectors[random.below(900)] }
    data = SelectionData(data.pool, MemoryRows(vectors: vectors))
    let picks = try data.select(
      SelectionOptions(method: .kcenter), .rows(700), workers: 3, path: path, keptBytes: 1_000)
    let rows = try data.normalized()
    // The greatest product of each row with a pick.
    var nearest = rows.map { $0 == nil ? Float.infinity : -2 }
    for (place, pick) in picks.enumerated() {
      if place > 0 {
        let least = nearest.min() ?? 0
        try #require(Int(pick) == nearest.firstIndex(of: least), "seed \(seed), pick \(place)")
      }
      guard let vector = rows[Int(pick)] else { continue }
      for (row, other) in rows.enumerated() where nearest[row] != .infinity {
        guard let other else { continue }
        nearest[row] = max(nearest[row], SelectionData.product(other, vector))
      }
      nearest[Int(pick)] = .infinity
    }
    // What is picked already comes before the first round.
    let later = try data.select(
      SelectionOptions(method: .kcenter), .rows(700), keptBytes: 1_000, picked: Array(picks.prefix(80)))
    #expect(later == picks, "seed \(seed)")
  }

  @Test func kCenterOfCopiesOfOneRowTakesThemInOrder() throws {
    let data = SelectionData(1_500, clusters: 1, seed: 339)
    let one = data.rows.vectors.compactMap { $0 }.first
    let copies = SelectionData(data.pool, MemoryRows(vectors: data.rows.vectors.map { $0 == nil ? nil : one }))
    let picks = try copies.select(SelectionOptions(method: .kcenter), .rows(400), keptBytes: 1_000)
    #expect(picks == Array(0..<400))
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

  /// The products of small cells are computed at once, those of large ones when they are asked for.
  @Test func facilityLocationIsTheSameFromProductsAtOnce() throws {
    let seed: UInt64 = 340
    for missing in [0.0, 0.1] {
      let data = SelectionData(700, clusters: 3, missing: missing, seed: seed)
      let options = SelectionOptions(method: .facilityLocation, seed: 5)
      for budget in [SelectionBudget.rows(90), .tokens(700)] {
        let slow = try data.select(options, budget, path: .plain, keptBytes: 1_000)
        #expect(try data.select(options, budget, workers: 2) == slow, "seed \(seed), \(missing) missing, \(budget)")
        let first = Array(slow.prefix(7))
        let grown = try data.select(options, .rows(60), picked: first)
        #expect(try data.select(options, .rows(60), keptBytes: 1_000, picked: first) == grown, "seed \(seed)")
      }
    }
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
