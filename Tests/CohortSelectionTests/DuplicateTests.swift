import CohortCore
import CohortSelection
import CohortTesting
import CohortVectors
import Testing

struct DuplicateTests {
  @Test func whatALowerRowOfTheNeighbourhoodResemblesIsADuplicate() throws {
    let seed: UInt64 = 341
    // With at most nine clusters all are neighbours: the rule is that of all pairs.
    let data = SelectionData(420, clusters: 7, missing: 0.05, seed: seed)
    let rows = try data.normalized()
    for cosine in [0.5, 0.8, 0.95] {
      let found = try data.withEngine(workers: 3) { try $0.duplicates(in: data.pool, above: cosine) }
      let expected = rows.indices.map { row in
        guard let mine = rows[row] else { return false }
        return rows[..<row].contains { other in
          guard let other else { return false }
          let distance = zip(mine, other).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
          return 1 - distance / 2 > cosine
        }
      }
      #expect(found == expected, "seed \(seed), \(cosine): \(found.count { $0 })")
    }
  }

  @Test func unitsAreWhatPairsAndClustersConnect() throws {
    let seed: UInt64 = 345
    let data = SelectionData(300, clusters: 6, missing: 0.05, seed: seed)
    let rows = try data.normalized()
    for (cosine, joins) in [(0.8, false), (0.9, true), (nil, true)] {
      let units = try data.withEngine(workers: 3) {
        try $0.units(of: data.pool, above: cosine, joinsClusters: joins)
      }
      // The same by going over all pairs until nothing changes.
      var expected = rows.indices.map { UInt32($0) }
      var changes = true
      while changes {
        changes = false
        for a in rows.indices {
          for b in rows.indices where b > a && expected[a] != expected[b] {
            let isSame = joins && data.pool.clusters[a] == data.pool.clusters[b]
            guard isSame || Self.cosine(rows[a], rows[b]) > cosine ?? 2 else { continue }
            let (from, to) = (max(expected[a], expected[b]), min(expected[a], expected[b]))
            for row in rows.indices where expected[row] == from { expected[row] = to }
            changes = true
          }
        }
      }
      #expect(units == expected, "seed \(seed), \(String(describing: cosine))")
    }
  }

  private static func cosine(_ a: [Float]?, _ b: [Float]?) -> Double {
    guard let a, let b else { return -1 }
    return 1 - zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) } / 2
  }

  @Test func threadsChangeNothing() throws {
    let data = SelectionData(3_000, clusters: 60, seed: 342)
    let one = try data.withEngine { try $0.duplicates(in: data.pool, above: 0.7) }
    let four = try data.withEngine(workers: 4, path: .plain) { try $0.duplicates(in: data.pool, above: 0.7) }
    #expect(one == four && one.contains(true) && one.contains(false))
  }

  @Test func whatIsNearToAGivenVectorIsFound() throws {
    let seed: UInt64 = 346
    let data = SelectionData(500, clusters: 9, missing: 0.05, seed: seed)
    let rows = try data.normalized()
    var random = TestRandom(seed: seed)
    let given = (0..<40).compactMap { _ in rows[random.below(rows.count)]?.map { $0 * 3 + Float(0.1 * random.normal()) }
    }
    let near = try data.withEngine(workers: 3) { try $0.near(data.pool, to: given, above: 0.85) }
    let one = try data.withEngine(path: .plain) { try $0.near(data.pool, to: given, above: 0.85) }
    #expect(near == one && near.contains(true) && near.contains(false), "seed \(seed)")
    for (row, vector) in rows.enumerated() {
      let cosines = given.map { other -> Double in
        guard let vector else { return -1 }
        let product = zip(vector, other).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        return product / other.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      }
      let greatest = cosines.max() ?? -1
      if abs(greatest - 0.85) > 1e-5 { #expect(near[row] == (greatest > 0.85), "seed \(seed), row \(row)") }
    }
    #expect(throws: CohortError.self) { try data.withEngine { try $0.near(data.pool, to: [[1, 2]], above: 0.9) } }
    #expect(throws: CohortError.self) { try data.withEngine { try $0.near(data.pool, to: given, above: 1) } }
  }

  @Test func aCosineThatMakesNoSenseIsRefused() throws {
    let data = SelectionData(10, clusters: 1, seed: 343)
    for cosine in [0, 1, -0.5, 1.5, .nan] {
      #expect(throws: CohortError.self) { try data.withEngine { try $0.duplicates(in: data.pool, above: cosine) } }
    }
  }

  @Test func aPoolWithoutSomeRowsKeepsWhatIsPicked() {
    var pool = SelectionData(50, clusters: 3, strata: 2, seed: 344).pool
    pool.picked = [7, 3]
    let kept = pool.filtered { $0 % 2 == 0 }
    let places = (0..<50).filter { $0 % 2 == 0 || $0 == 3 || $0 == 7 }
    #expect(kept.ids == places.map { pool.ids[$0] })
    #expect(kept.picked.map { kept.ids[Int($0)] } == [pool.ids[7], pool.ids[3]])
    for (row, id) in kept.ids.enumerated() {
      let old = pool.ids.firstIndex(of: id) ?? 0
      #expect(kept.clusters[row] == pool.clusters[old] && kept.strata[row] == pool.strata[old])
      #expect(kept.tokens[row] == pool.tokens[old])
    }
  }
}
