import CohortKernels
import CohortTesting
import CohortVectors
import Testing

/// Neighbours of all samples at once, and the plane in which they are shown.
@Suite struct NeighbourListsTests {
  private static let dimension = 20

  private static func vectors(_ count: Int, _ random: inout TestRandom) -> [[Float]] {
    let topics = random.rows(15, dimension: dimension)
    return random.rows(count, dimension: dimension).map { noise in
      zip(topics[random.below(15)], noise).map { Float(Float16($0 + 0.6 * $1)) }
    }
  }

  @Test(arguments: [5, 300, 1300]) func oneCellGivesTheTruth(count: Int) throws {
    var random = TestRandom(seed: UInt64(count))
    let vectors = Self.vectors(count, &random)
    let samples = vectors.indices.map(UInt64.init)
    let source = MemoryRows(vectors: vectors)
    let team = Workers(count: 2)
    defer { team.end() }
    let found = try NeighbourLists(dimension: Self.dimension, count: 7, team, COHORT_PATH_BEST)
      .lists(among: samples, of: source, around: [vectors[0]])
    for i in stride(from: 0, to: count, by: 17) {
      let rows = NearestRows(to: vectors[i], count: 7, excluding: UInt64(i), team, COHORT_PATH_PLAIN)
      try rows.look(at: samples, of: source)
      #expect(found[i].map(\.id) == rows.nearest.map(\.id), "row \(i)")
      for (a, b) in zip(found[i], rows.nearest) { #expect(abs(a.distance - b.distance) < 1e-6) }
    }
  }

  @Test func cellsMissFewAndNothingElseShows() throws {
    var random = TestRandom(seed: 3)
    let vectors = Self.vectors(3000, &random)
    let samples = vectors.indices.map(UInt64.init)
    let centroids = (0..<60).map { vectors[$0 * 50] }
    func lists(_ workers: Int, _ path: cohort_path, _ centroids: [[Float]]) throws -> [[NearRow]] {
      let team = Workers(count: workers)
      defer { team.end() }
      return try NeighbourLists(dimension: Self.dimension, count: 10, team, path)
        .lists(among: samples, of: MemoryRows(vectors: vectors, holdsHalves: true), around: centroids)
    }
    let found = try lists(1, COHORT_PATH_BEST, centroids)
    #expect(try lists(3, COHORT_PATH_PLAIN, centroids) == found)
    let truth = try lists(2, COHORT_PATH_BEST, [vectors[0]])
    let hits = zip(found, truth).reduce(0) { $0 + Set($1.0.map(\.id)).intersection($1.1.map(\.id)).count }
    #expect(hits > 28_000, "\(hits) of 30000")
  }

  @Test func thePlaneHasMostOfTheSpread() throws {
    var random = TestRandom(seed: 4)
    // Spread in two directions, hardly in others.
    let vectors: [[Float]] = random.rows(2000, dimension: 12).map { row in
      row.enumerated().map { i, value in i == 3 ? 10 : i == 7 ? 3 * value : i == 2 ? 1.5 * value : 0.05 * value }
    }
    let samples = vectors.indices.map(UInt64.init)
    let plane = try PrincipalPlane(of: samples, MemoryRows(vectors: vectors), dimension: 12, COHORT_PATH_BEST)
    let other = try PrincipalPlane(of: samples, MemoryRows(vectors: vectors), dimension: 12, COHORT_PATH_PLAIN)
    var unit = [Float](repeating: 0, count: 12)
    let middle = plane.place(of: unit)
    unit[7] = 1
    let first = plane.place(of: unit)
    #expect(abs(abs(first.x - middle.x) - 1) < 0.05 && abs(first.y - middle.y) < 0.05)
    unit[7] = 0
    unit[2] = 1
    let second = plane.place(of: unit)
    #expect(abs(abs(second.y - middle.y) - 1) < 0.05 && abs(second.x - middle.x) < 0.05)
    #expect(plane.place(of: vectors[5]) == other.place(of: vectors[5]))
    let none = try PrincipalPlane(of: [], MemoryRows(vectors: []), dimension: 12, COHORT_PATH_BEST)
    #expect(none.place(of: vectors[0]) == (0, 0))
  }
}
