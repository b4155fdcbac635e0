import CohortCore
import CohortPlanning
import Testing

@Suite struct PlanOrderTests {
  @Test(arguments: 0..<20)
  func everyOrderGivesTheSameBatches(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let population = Fixtures.random(&random)
    var configuration = Fixtures.configuration(&random, for: population)
    configuration.phases = []
    var expected: [[UInt64]]?
    for order in PlanConfiguration.Order.allCases {
      for longestFirst in [false, true] {
        configuration.order = order
        configuration.longestFirst = longestFirst
        let plan = try Plan(population: population, configuration: configuration)
        let batches = try Epoch(plan, 2).steps.map(\.positions).sorted { $0.lexicographicallyPrecedes($1) }
        #expect(batches == expected ?? batches, "seed \(seed), \(configuration)")
        expected = batches
      }
    }
  }

  @Test func aCurriculumGoesFromShortToLongGroups() throws {
    for tail in PlanConfiguration.Tail.allCases {
      let population = Fixtures.labels((0..<40).map { 10 + $0 * 7 % 90 })
      let plan = try Plan(
        population: population, configuration: PlanConfiguration(batchSize: 16, tail: tail, order: .curriculum))
      let means = Dictionary(uniqueKeysWithValues: population.groups.map { ($0.id, $0.meanLength) })
      let found = try Epoch(plan, 0).steps.map { step in
        let sum = try step.positions.reduce(0.0) { $0 + (try means[plan.group(ofPosition: $1)] ?? 0) }
        return sum / Double(step.positions.count)
      }
      for (a, b) in zip(found, found.dropFirst()) { #expect(a <= b + 1e-9, "tail \(tail)") }
    }
  }

  /// Blocked keeps groups together, in another order each epoch.
  @Test func blockedKeepsGroupsTogether() throws {
    let plan = try Plan(
      population: Fixtures.labels((0..<30).map { 10 + $0 * 11 % 70 }),
      configuration: PlanConfiguration(batchSize: 8, seed: 3, order: .blocked))
    var orders: Set<[GroupID]> = []
    for epoch in 0..<4 as Range<UInt64> {
      let groups = try Epoch(plan, epoch).steps.map(\.group)
      let starts = zip(groups, [nil] + groups.map(Optional.some)).filter { $0 != $1 }.map(\.0)
      #expect(starts.count == 30 && Set(starts).count == 30)
      orders.insert(starts)
    }
    #expect(orders.count == 4)
    // Going back and forth between epochs changes nothing.
    let fresh = try Plan(decoding: plan.encode())
    for index in 0..<plan.stepsPerEpoch {
      for epoch in [2, 0, 3] as [UInt64] {
        #expect(try plan.step(epoch: epoch, step: index) == fresh.step(epoch: epoch, step: index))
      }
    }
  }

  @Test func roundRobinGivesEveryGroupItsTurn() throws {
    let plan = try Plan(
      population: Fixtures.labels([8, 80, 24, 300, 25, 8, 160]),
      configuration: PlanConfiguration(batchSize: 8, seed: 3, tail: .short, order: .roundRobin))
    for epoch in 0..<3 as Range<UInt64> {
      let groups = try Epoch(plan, epoch).steps.map(\.group)
      let totals = groups.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      var given: [GroupID: Int] = [:]
      for group in groups {
        given[group, default: 0] += 1
        let mine = given[group] ?? 0
        // Whoever still has batches is at most one turn behind.
        for (other, total) in totals where (given[other] ?? 0) < total { #expect((given[other] ?? 0) >= mine - 1) }
      }
    }
  }

  /// Longest first begins with the batch of the longest sample.
  @Test(arguments: PlanConfiguration.Order.allCases)
  func longestFirstBeginsWithTheLongestSample(order: PlanConfiguration.Order) throws {
    var population = Fixtures.labels([100, 70, 333, 45])
    population.groups[2].longest = 900
    population.groups[2].longestMember = 217
    let longest: UInt64 = 100 + 70 + 217
    for phases in [[], [PlanConfiguration.Phase(epochs: 1, kind: .random)]] {
      for tail in [PlanConfiguration.Tail.fill, .short] {
        let plan = try Plan(
          population: population,
          configuration: PlanConfiguration(
            batchSize: 16, seed: 3, tail: tail, order: order, longestFirst: true, phases: phases))
        for epoch in 0..<6 as Range<UInt64> {
          #expect(
            try plan.step(epoch: epoch, step: 0).positions.contains(longest), "epoch \(epoch), \(tail), \(phases)")
          #expect(try Epoch(plan, epoch).dropped == 0)
        }
      }
    }
    // Two passes over the group: the first pass is looked at.
    let weights = Dictionary(uniqueKeysWithValues: population.groups.map { ($0.id, $0.size == 333 ? 1.0 : 0.01) })
    population.groups[0].size = 800
    let plan = try Plan(
      population: population,
      configuration: PlanConfiguration(
        batchSize: 16, seed: 3, order: order, longestFirst: true, weights: .explicit(weights)))
    #expect(plan.samplesPerEpoch > 2 * 333)
    #expect(try plan.step(epoch: 0, step: 0).positions.contains(800 + 70 + 217))
  }

  /// Shuffled groups come like a random permutation (runs test over epochs).
  @Test func shuffledGroupsComeLikeARandomPermutation() throws {
    let plan = try Plan(
      population: Fixtures.labels([160, 240, 400]), configuration: PlanConfiguration(batchSize: 4, seed: 21))
    let sizes = [40.0, 60.0, 100.0]
    let total = 200.0
    // Barton and David (1957): mean and variance of the number of runs of several kinds.
    let squares = sizes.reduce(0) { $0 + $1 * $1 }
    let cubes = sizes.reduce(0) { $0 + $1 * $1 * $1 }
    let mean = total + 1 - squares / total
    let variance =
      (squares * (squares + total * (total + 1)) - 2 * total * cubes - total * total * total)
      / (total * total * (total - 1))
    let epochs = 150
    var scores: [Double] = []
    for epoch in 0..<UInt64(epochs) {
      var runs = 1.0
      var previous: GroupID?
      for index in 0..<plan.stepsPerEpoch {
        let group = try plan.step(epoch: epoch, step: index).group
        if let previous, previous != group { runs += 1 }
        previous = group
      }
      scores.append((runs - mean) / variance.squareRoot())
    }
    let average = scores.reduce(0, +) / Double(epochs)
    let spread = scores.reduce(0) { $0 + $1 * $1 }
    #expect(abs(average) * Double(epochs).squareRoot() < 4.5, "mean score \(average)")
    #expect(abs(spread - Double(epochs)) < 4.5 * (2 * Double(epochs)).squareRoot(), "sum of squares \(spread)")
  }

  /// Members come at every place equally often (chi-square over epochs).
  @Test(arguments: [64, 320] as [UInt64])
  func membersComeAtEveryPlaceEquallyOften(size: UInt64) throws {
    let plan = try Plan(
      population: Fixtures.labels([size]),
      configuration: PlanConfiguration(batchSize: size / 16, seed: 33, tail: .short))
    let epochs = 6400 / size
    var table = [Double](repeating: 0, count: 256)
    for epoch in 0..<epochs {
      for index in 0..<plan.stepsPerEpoch {
        for position in try plan.step(epoch: epoch, step: index).positions {
          table[Int(position * 16 / size) * 16 + Int(index)] += 1
        }
      }
    }
    let expected = Double(epochs * size) / 256
    let statistic =
      table.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected } * Double(size - 1) / Double(size)
    let freedom = 225.0
    #expect(
      abs(statistic - freedom) < 4.5 * (2 * freedom).squareRoot(), "chi-square \(statistic), 225 degrees of freedom")
  }
}
