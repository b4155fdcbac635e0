import CohortKernels
import CohortTesting
import CohortVectors
import Testing

/// Clusters of near-duplicates are those of comparing all pairs, whatever the centroids and whoever looks.
@Suite struct NearDuplicatesTests {
  private static let dimension = 16

  /// Directions around some topics, with copies of some that differ a little, more, and not at all; and holes.
  private static func vectors(_ count: Int, _ random: inout TestRandom) -> [[Float]?] {
    let topics = random.rows(12, dimension: dimension)
    var vectors: [[Float]] = random.rows(count, dimension: dimension).map { noise in
      zip(topics[random.below(12)], noise).map { $0 + 0.7 * $1 }
    }
    for _ in 0..<(count / 4) {
      let spread = Float([0, 0.05, 0.12, 0.2][random.below(4)])
      let noise = random.rows(1, dimension: dimension)[0]
      vectors[random.below(count)] = zip(vectors[random.below(count)], noise).map { $0 + spread * $1 }
    }
    return vectors.map { vector in random.below(20) == 0 ? nil : vector.map { Float(Float16($0)) } }
  }

  /// Comparing all pairs.
  private static func plain(_ vectors: [[Float]?], _ bound: Double) throws -> [[UInt64]] {
    let block = RowBlock(dimension: dimension, capacity: vectors.count)
    try block.load(vectors.indices.map(UInt64.init), MemoryRows(vectors: vectors), COHORT_PATH_PLAIN)
    var sets = DisjointSets(count: vectors.count)
    for i in vectors.indices where vectors[i] != nil {
      let query = CosineQuery(Array(block.values(i)), COHORT_PATH_PLAIN)
      for j in 0..<i {
        guard vectors[j] != nil, let row = block.pointer(j) else { continue }
        if 1 - query.distance(to: row) >= bound { sets.join(UInt32(i), UInt32(j)) }
      }
    }
    return sets.sets().map { $0.map { UInt64($0) } }
  }

  @Test(arguments: 0..<6, [0.9, 0.97, 1]) func clustersAreThoseOfAllPairs(seed: Int, bound: Double) throws {
    var random = TestRandom(seed: UInt64(seed))
    let vectors = Self.vectors([2, 700, 2600][seed % 3], &random)
    let expected = try Self.plain(vectors, bound)
    if seed % 3 > 0 { try #require(expected.count > 10, "seed \(seed)") }
    let centroids = random.rows(9, dimension: Self.dimension)
    for (workers, around) in [(1, []), (1, centroids), (3, centroids), (2, Array(centroids.prefix(1)))] {
      let team = Workers(count: workers)
      defer { team.end() }
      var search = NearDuplicates(dimension: Self.dimension, cosine: bound, team, COHORT_PATH_BEST)
      let source = MemoryRows(vectors: vectors, holdsHalves: workers > 1)
      let found = try search.clusters(among: vectors.indices.map(UInt64.init), of: source, around: around)
      #expect(found == expected, "seed \(seed), \(workers) workers, \(around.count) centroids")
      #expect(search.without == vectors.count { $0 == nil }, "seed \(seed)")
      for cluster in found.prefix(5) {
        let cosines = try search.cosines(of: cluster, in: source)
        #expect(cosines[0] == 1 && cosines.count == cluster.count)
        // The one who joined first is as near as the bound to somebody, not always to the representative.
        #expect(cosines.allSatisfy { $0 > 0.2 })
      }
    }
  }

  /// The point of the cells: far fewer pairs than all.
  @Test func cellsSpareMostPairs() throws {
    var random = TestRandom(seed: 9)
    let topics = random.rows(40, dimension: 64).map { CosineQuery($0, COHORT_PATH_BEST).unit.map { $0 * 8 } }
    let vectors: [[Float]?] = random.rows(4000, dimension: 64).map { noise in
      zip(topics[random.below(40)], noise).map { $0 + 0.4 * $1 }
    }
    let team = Workers(count: 1)
    defer { team.end() }
    var search = NearDuplicates(dimension: 64, cosine: 0.95, team, COHORT_PATH_BEST)
    _ = try search.clusters(
      among: vectors.indices.map(UInt64.init), of: MemoryRows(vectors: vectors),
      around: topics.map { $0.map { $0 / 8 } })
    #expect(search.compared < 4000 * 4000 / 2 / 5, "\(search.compared)")
  }

  @Test func setsAreNamedByTheirLowest() {
    for seed in 0..<20 {
      var random = TestRandom(seed: UInt64(seed))
      var pairs = (0..<60).map { _ in (UInt32(random.below(50)), UInt32(random.below(50))) }
      func sets() -> [[UInt32]] {
        var sets = DisjointSets(count: 50)
        for (a, b) in pairs { sets.join(a, b) }
        return sets.sets()
      }
      let first = sets()
      pairs.shuffle(using: &random)
      #expect(sets() == first, "seed \(seed)")
      #expect(first.allSatisfy { $0 == $0.sorted() && $0.count > 1 }, "seed \(seed)")
    }
  }
}
