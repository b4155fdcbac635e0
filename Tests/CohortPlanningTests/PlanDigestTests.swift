import CohortCore
import CohortPlanning
import Testing

@Suite struct PlanDigestTests {
  /// Ids that are not positions, as a store's are not.
  private func resolve(_ positions: [UInt64]) -> [SampleID] { positions.map { SampleID($0 * 3 + 7) } }

  /// Is the same for every number of ranks and micro-batches.
  @Test func itIsTheSameForEveryNumberOfRanks() throws {
    for tail in PlanConfiguration.Tail.allCases {
      let plan = try Plan(
        population: Fixtures.labels([50, 77, 5, 200, 31]),
        configuration: PlanConfiguration(batchSize: 24, seed: 8, tail: tail))
      let whole = try plan.digest(epochs: 0..<2, resolve)
      for world in [1, 2, 4, 8] {
        for accumulation in [1, 4] {
          var digest = PlanDigest()
          for epoch in 0..<2 as Range<UInt64> {
            for index in 0..<plan.stepsPerEpoch {
              try digest.add(
                plan.step(epoch: epoch, step: index), world: world, accumulation: accumulation, resolve)
            }
          }
          #expect(digest.finish() == whole, "tail \(tail), world \(world), accumulation \(accumulation)")
        }
      }
    }
  }

  @Test func slicesAreEvenContiguousAndComplete() throws {
    for count in [0, 1, 5, 31, 32, 33, 1000] {
      for (world, accumulation) in [(1, 1), (2, 3), (8, 4), (7, 5)] {
        var end = 0
        var sizes: [Int] = []
        for micro in 0..<accumulation {
          for rank in 0..<world {
            let part = try PlannedStep.slice(
              count: count, rank: rank, world: world, accumulation: accumulation, micro: micro)
            #expect(part.lowerBound == end)
            end = part.upperBound
            sizes.append(part.count)
          }
        }
        #expect(end == count && (sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
      }
    }
    for (rank, world, accumulation, micro) in [
      (1, 1, 1, 0), (-1, 1, 1, 0), (0, 0, 1, 0), (0, 1, 0, 0), (0, 1, 2, 2), (0, Int.max, 1, 0),
    ] {
      let error = #expect(throws: CohortError.self) {
        try PlannedStep.slice(count: 8, rank: rank, world: world, accumulation: accumulation, micro: micro)
      }
      #expect(error?.code.name == "planning.invalid-slice")
    }
  }

  /// Refuses a store that loses positions.
  @Test func aStoreThatLosesPositionsIsRefused() throws {
    let plan = try Plan(population: Fixtures.labels([10]), configuration: PlanConfiguration(batchSize: 5))
    #expect(throws: CohortError.self) { try plan.digest(epochs: 0..<1) { _ in [] } }
  }

  /// Users' stores hold plans and cursors, and promise the same batches tomorrow. If one of these values changes, a
  /// release breaks every training run in progress: make a new plan format instead.
  @Test func thatOfKnownPlansNeverChanges() throws {
    let labels = Fixtures.labels([100, 37, 8, 64, 250, 1, 33])
    let intervals = Fixtures.intervals([500, 20, 130, 9, 3, 64, 40])
    let centroids = Fixtures.centroids([40, 300, 12, 7, 90, 33, 2, 128])
    func digest(_ population: Population, _ configuration: PlanConfiguration) throws -> String {
      let plan = try Plan(population: population, configuration: configuration)
      return "\(plan.hash) \(try plan.digest(epochs: 0..<3, resolve))"
    }
    var found: [String] = []
    found.append(try digest(labels, PlanConfiguration(batchSize: 32, seed: 1)))
    found.append(try digest(labels, PlanConfiguration(batchSize: 32, seed: 1, tail: .short, order: .roundRobin)))
    found.append(
      try digest(labels, PlanConfiguration(batchSize: 32, seed: 1, tail: .drop, smallGroups: .fold, order: .blocked)))
    found.append(try digest(intervals, PlanConfiguration(batchSize: 32, seed: 2, tail: .pool, smallGroups: .keep)))
    found.append(
      try digest(
        intervals, PlanConfiguration(batchSize: 16, seed: 3, order: .curriculum, longestFirst: true, tokenBudget: 900)))
    found.append(try digest(centroids, PlanConfiguration(batchSize: 32, seed: 4)))
    found.append(try digest(centroids, PlanConfiguration(batchSize: 8, seed: 5, tail: .pool, smallGroups: .keep)))
    found.append(
      try digest(centroids, PlanConfiguration(batchSize: 16, seed: 6, weights: .temperature(3))))
    found.append(
      try digest(
        labels,
        PlanConfiguration(
          batchSize: 10, seed: 7, tail: .short, longestFirst: true,
          weights: .explicit(
            [3: 1, 13: 4, 23: 2, 33: 0, 43: 0.5, 53: 1, 63: 2].reduce(into: [:]) { $0[GroupID($1.key)] = $1.value }),
          phases: [.init(epochs: 1, kind: .random), .init(epochs: 1, kind: .grouped)])))
    found.append(
      try digest(Fixtures.labels([10_000, 3_000]), PlanConfiguration(batchSize: 4096, seed: 8)))
    #expect(
      found == [
        "3bbed300db41f41114a1d25b84e8b333 4efdadf89b07c42698e603349f7d7701",
        "7acd0c73aa6398f46e6545191785abf0 480c443b7a5687c015167a8cb6fb825a",
        "9bb35d0fb1b063d1d3b999dff016a4e8 d49492bcf5107aa71b3e5fcc99754eca",
        "b466d2dae718891e5c8e43b8d417e4e9 1122c9807cbfb2f8b00ddfd80d7590f3",
        "012394bde15b94199fd753c9be960945 fc120571e4acc8196ca2288a9be12c89",
        "e2bddaea01ae1efbfedf0fa7a376ad90 eaa805d8ae3eed03d1e0cf0dfc3b5cb8",
        "619d70e9a912a0bca2257681379cae9c 78531b722101ab5d6b56cfa2cf227766",
        "6c4907e6661b13c9201634e948880bd0 469b0edf5d9f679b35aa7e469e92fd30",
        "be0266d73dd3546e4d62deaeab93f741 0afce24b966adc7eed71916a2b8bb7cd",
        "7742b5de76245186cf3b65bdbd22cb98 439092ff93a93bd2fb436f9203d512a9",
      ])
  }
}
