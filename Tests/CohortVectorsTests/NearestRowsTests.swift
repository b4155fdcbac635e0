import CohortKernels
import CohortTesting
import CohortVectors
import Testing

/// What is nearest is what a plain loop over all rows finds, whoever looks and in whatever order.
@Suite struct NearestRowsTests {
  private static let dimension = 24

  /// Vectors of several lengths, with holes, and with some that are there more than once.
  private static func vectors(_ count: Int, _ random: inout TestRandom) -> [[Float]?] {
    var vectors: [[Float]?] = random.rows(count, dimension: dimension).map { row in
      let length = Float([0.5, 1, 3][random.below(3)])
      return row.map { Float(Float16($0 * length)) }
    }
    for _ in 0..<(count / 10) { vectors[random.below(count)] = nil }
    for _ in 0..<(count / 10) { vectors[random.below(count)] = vectors[random.below(count)] }
    return vectors
  }

  private static func plain(
    _ vectors: [[Float]?], to query: [Float], count: Int, excluding: UInt64?, _ path: cohort_path
  ) -> [NearRow] {
    let query = CosineQuery(query, path)
    let rows = vectors.enumerated().compactMap { i, row -> NearRow? in
      guard let row, UInt64(i) != excluding else { return nil }
      return NearRow(id: UInt64(i), distance: query.distance(to: row))
    }
    return Array(rows.sorted().prefix(count))
  }

  @Test(arguments: 0..<6) func theNearestAreThoseOfAPlainLoop(seed: Int) throws {
    var random = TestRandom(seed: UInt64(seed))
    let vectors = Self.vectors([3, 900, 9000][seed % 3], &random)
    let known = (0..<vectors.count).filter { vectors[$0] != nil }
    let excluded = seed < 3 ? known.randomElement(using: &random).map { UInt64($0) } : nil
    let query = excluded.flatMap { vectors[Int($0)] } ?? random.rows(1, dimension: Self.dimension)[0]
    for count in [1, 10, 200] {
      let expected = Self.plain(vectors, to: query, count: count, excluding: excluded, COHORT_PATH_PLAIN)
      for (workers, holdsHalves) in [(1, false), (1, true), (3, true)] {
        let team = Workers(count: workers)
        defer { team.end() }
        let rows = NearestRows(to: query, count: count, excluding: excluded, team, COHORT_PATH_BEST)
        let source = MemoryRows(vectors: vectors, holdsHalves: holdsHalves)
        // In two goes, the later samples first.
        let middle = vectors.count / 3
        try rows.look(at: (middle..<vectors.count).map(UInt64.init), of: source)
        try rows.look(at: (0..<middle).map(UInt64.init), of: source)
        #expect(rows.nearest == expected, "seed \(seed), \(count) rows, \(workers) workers, halves \(holdsHalves)")
        #expect(rows.read == known.count, "seed \(seed)")
      }
    }
  }

  @Test func distancesAreThoseOfDirections() {
    let query = CosineQuery([3, 4, 0], COHORT_PATH_BEST)
    #expect(query.distance(to: [3, 4, 0]) == 0)
    #expect(query.distance(to: [-3, -4, 0]) == 2)
    #expect(query.distance(to: [0, 0, 7]) == 1)
    #expect(abs(query.distance(to: [1, 0, 0]) - 0.4) < 1e-12)
    var random = TestRandom(seed: 5)
    for row in random.rows(300, dimension: 384) {
      #expect(CosineQuery(row, COHORT_PATH_BEST).distance(to: row) == 0)
      #expect(CosineQuery(row, COHORT_PATH_BEST).distance(to: row.map { $0 * 2 }) == 0)
    }
  }
}
