import CohortCore
import CohortKernels
import CohortMapping
import CohortTesting
import CohortVectors
import Testing

/// Maps of small mixtures: what holds of them, and their bits.
@Suite struct MapEngineTests {
  private static let dimension = 16

  /// Samples of some topics, their topics in turn.
  private static func vectors(_ count: Int, topics: Range<Int>) -> [[Float]] {
    var random = TestRandom(seed: 11)
    let middles = random.rows(topics.upperBound, dimension: dimension)
    return random.rows(count, dimension: dimension).enumerated().map { i, noise in
      let middle = middles[topics.lowerBound + i % topics.count]
      return zip(middle, noise).map { Float(Float16($0 + 0.4 * $1)) }
    }
  }

  private static var parameters: MapParameters {
    var parameters = MapParameters()
    parameters.stages = [
      DescentStage(steps: 30, exaggeration: 12, momentum: 0.5), DescentStage(steps: 60),
    ]
    parameters.placing = [DescentStage(steps: 10, exaggeration: 4, momentum: 0.5), DescentStage(steps: 20)]
    parameters.settling = [DescentStage(steps: 10)]
    return parameters
  }

  private static func withEngine<T>(
    workers: Int = 2, _ path: cohort_path = COHORT_PATH_BEST, _ parameters: MapParameters = parameters,
    _ body: (MapEngine) throws -> T
  ) rethrows -> T {
    let team = Workers(count: workers)
    defer { team.end() }
    return try body(MapEngine(dimension: dimension, parameters, team, path))
  }

  private static func digest(_ state: MapState) -> UInt64 {
    XXH3.hash64(
      state.places.flatMap { [$0.x, $0.y] }.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) })
  }

  private static func ids(_ range: Range<Int>) -> [UInt64] { range.map { UInt64($0) } }

  /// Of the samples' nearest in the plane, the share that has the same topic.
  private static func purity(_ state: MapState, _ wanted: Range<Int>, topics: Int) -> Double {
    var hits = 0
    for i in wanted {
      let order = state.places.indices.filter { $0 != i }.sorted {
        let (a, b) = (state.places[$0] - state.places[i], state.places[$1] - state.places[i])
        return (a.x * a.x + a.y * a.y, $0) < (b.x * b.x + b.y * b.y, $1)
      }
      hits += order.prefix(5).reduce(0) {
        $0 + (state.samples[$1] % UInt64(topics) == state.samples[i] % UInt64(topics) ? 1 : 0)
      }
    }
    return Double(hits) / Double(5 * wanted.count)
  }

  @Test func theBitsAreThoseOfEveryProcessorAndNumberOfWorkers() throws {
    let known = Self.vectors(620, topics: 0..<6)
    let source = MemoryRows(vectors: known + Self.vectors(60, topics: 6..<8), holdsHalves: true)
    let cells = (0..<12).map { known[$0] }
    func states(_ workers: Int, _ path: cohort_path) throws -> [MapState] {
      try Self.withEngine(workers: workers, path) { engine in
        var states = [try engine.layout(Self.ids(0..<560), source, around: cells)]
        var state = states[0]
        try engine.place(Self.ids(560..<600), in: &state, source)
        states.append(state)
        try engine.place(Self.ids(600..<680), in: &state, source)
        states.append(state)
        try engine.settle(&state, source)
        return states + [state]
      }
    }
    let first = try states(1, COHORT_PATH_PLAIN)
    // Written down once; never to be changed without a new version of maps.
    #expect(
      first.map(Self.digest) == [
        2_627_389_796_800_086_177, 7_649_195_560_269_245_352, 8_277_218_506_057_589_912, 15_483_974_616_359_826_472,
      ])
    for (workers, path) in [(4, COHORT_PATH_BEST), (2, COHORT_PATH_AVX2), (3, COHORT_PATH_AVX512)] {
      #expect(try states(workers, path) == first, "\(workers) workers, path \(path)")
    }
  }

  @Test func placesStayAndNewSamplesJoinTheirRelatives() throws {
    let source = MemoryRows(vectors: Self.vectors(600, topics: 0..<6))
    let cells = (0..<6).map { source.vectors[$0] ?? [] }
    try Self.withEngine { engine in
      var state = try engine.layout(Self.ids(0..<500), source, around: cells)
      #expect(Self.purity(state, 0..<100, topics: 6) > 0.9)
      let before = state
      try engine.place(Self.ids(500..<550), in: &state, source)
      try engine.place(Self.ids(550..<600), in: &state, source)
      #expect(Array(state.places.prefix(500)) == before.places)
      #expect(state.samples == Self.ids(0..<600))
      #expect(state.drifted == 0 && state.cells == before.cells)
      #expect(Self.purity(state, 500..<600, topics: 6) > 0.9)
    }
  }

  @Test func strangersGetLandOfTheirOwn() throws {
    let known = Self.vectors(400, topics: 0..<4)
    let source = MemoryRows(vectors: known + Self.vectors(120, topics: 4..<6))
    try Self.withEngine { engine in
      var state = try engine.layout(Self.ids(0..<400), source, around: (0..<8).map { known[$0] })
      #expect(!state.isDue)
      try engine.place(Self.ids(400..<520), in: &state, source)
      #expect(state.drifted > 100 && state.isDue)
      #expect(state.cells.count > 8)
      let known = PlaceBounds(state.places.prefix(400))
      #expect(known != nil)
      // Each new topic's nearest are of the batch, not of those that were there.
      var hits = 0
      for i in 400..<520 {
        let nearest = state.places.indices.filter { $0 != i }.min {
          let (a, b) = (state.places[$0] - state.places[i], state.places[$1] - state.places[i])
          return a.x * a.x + a.y * a.y < b.x * b.x + b.y * b.y
        }
        if let nearest, nearest >= 400, nearest % 2 == i % 2 { hits += 1 }
      }
      #expect(hits > 105, "\(hits) of 120")
    }
  }

  @Test func anEventMovesSamplesALittle() throws {
    let source = MemoryRows(vectors: Self.vectors(600, topics: 0..<6))
    try Self.withEngine { engine in
      var state = try engine.layout(Self.ids(0..<540), source, around: (0..<6).map { source.vectors[$0] ?? [] })
      try engine.place(Self.ids(540..<600), in: &state, source)
      let before = state.places
      try engine.settle(&state, source)
      let bounds = PlaceBounds(before)
      let radius = bounds.map { ($0.upper - $0.lower).max() / 2 } ?? 0
      let moved = zip(before, state.places).map { a, b in
        ((a - b) * (a - b)).sum().squareRoot()
      }.sorted()
      #expect(moved[300] > 0 && moved[300] < 0.2 * radius, "\(moved[300]) of \(radius)")
      #expect(state.settled == 600)
    }
  }

  @Test(arguments: [0, 1, 2, 3, 20]) func tinyMapsAreFinite(count: Int) throws {
    let source = MemoryRows(vectors: Self.vectors(30, topics: 0..<2))
    try Self.withEngine { engine in
      var state = try engine.layout(Self.ids(0..<count), source, around: [source.vectors[0] ?? []])
      try engine.place(Self.ids(count..<count + 3), in: &state, source)
      try engine.settle(&state, source)
      #expect(state.places.count == count + 3)
      #expect(state.places.allSatisfy { $0.x.isFinite && $0.y.isFinite })
    }
  }

  @Test func equalSamplesComeApart() throws {
    let one = Self.vectors(1, topics: 0..<1)
    let source = MemoryRows(vectors: (0..<40).map { _ in one[0] })
    try Self.withEngine { engine in
      let state = try engine.layout(Self.ids(0..<40), source, around: one)
      #expect(Set(state.places).count == 40)
      #expect(state.places.allSatisfy { $0.x.isFinite && $0.y.isFinite })
    }
  }
}
