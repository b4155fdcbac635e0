import CohortCore
import CohortPlanning
import CohortTesting
import Testing

/// Where a position comes is what enumerating the epoch says, whatever the plan.
@Suite struct PlanPlaceTests {
  /// Compares the inverse with some epochs, step by step.
  private func expectInverse(_ plan: Plan, epochs: [UInt64], _ place: @autoclosure () -> String) throws {
    for epoch in epochs {
      var expected = [[PlanPlace]](repeating: [], count: Int(plan.rows))
      var largest = 0
      for index in 0..<plan.stepsPerEpoch {
        let step = try plan.step(epoch: epoch, step: index)
        largest = max(largest, step.positions.count)
        for (place, position) in step.positions.enumerated() {
          expected[Int(position)].append(PlanPlace(step: index, index: UInt64(place)))
        }
      }
      #expect(UInt64(largest) <= plan.largestStep, "\(place())")
      for position in 0..<plan.rows {
        let places = try plan.places(of: position, epoch: epoch)
        try #require(
          places == expected[Int(position)], "position \(position) of epoch \(epoch), \(place())")
        #expect(try plan.firstPlace(of: position, epoch: epoch) == places.first)
      }
    }
  }

  @Test(arguments: 0..<80)
  func placesAreWhatAnEpochGives(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let population = Fixtures.random(&random, largest: seed % 4 == 0 ? 700 : 120)
    let configuration = Fixtures.configuration(&random, for: population)
    let plan = try Plan(population: population, configuration: configuration)
    try expectInverse(plan, epochs: [0, 1, 2, 5, Cursor.greatestNumber], "seed \(seed), \(configuration)")
  }

  /// Each setting with each other one, over groups of which some are empty, small, or much repeated.
  @Test(arguments: PlanConfiguration.Order.allCases, PlanConfiguration.Tail.allCases)
  func everyOrderAndTailCanBeInverted(order: PlanConfiguration.Order, tail: PlanConfiguration.Tail) throws {
    let sizes: [UInt64] = [0, 1, 5, 700, 0, 64, 63, 2, 301, 16]
    for (population, folds) in [
      (Fixtures.labels(sizes), PlanConfiguration.SmallGroups.keep), (Fixtures.intervals(sizes), .fold),
      (Fixtures.centroids(sizes), .automatic),
    ] {
      for weights in [PlanConfiguration.Weights.proportional, .temperature(20)] {
        for (longestFirst, isRandom) in [(false, false), (true, false), (true, true)] {
          var configuration = PlanConfiguration(
            batchSize: 16, seed: 11, tail: tail, smallGroups: folds, order: order, longestFirst: longestFirst,
            weights: weights)
          if isRandom { configuration = configuration.randomBaseline }
          let plan = try Plan(population: population, configuration: configuration)
          try expectInverse(plan, epochs: [0, 3], "\(configuration)")
        }
      }
    }
  }

  /// A group of one that is nearly all of an epoch.
  @Test func aSampleThatIsRepeatedOftenHasAllItsPlaces() throws {
    let population = Fixtures.labels([1, 500])
    let plan = try Plan(
      population: population,
      configuration: PlanConfiguration(
        batchSize: 8, seed: 2, weights: .explicit([population.groups[0].id: 400, population.groups[1].id: 1])))
    #expect(try plan.places(of: 0, epoch: 0).count > 490)
    try expectInverse(plan, epochs: [0, 1], "")
  }

  @Test func theLargestStepIsThatOfTheReport() throws {
    for seed in 0..<40 {
      var random = SplitMix64(seed: UInt64(seed))
      let population = Fixtures.random(&random)
      var configuration = Fixtures.configuration(&random, for: population)
      configuration.phases = []
      for configuration in [configuration, configuration.randomBaseline] {
        let plan = try Plan(population: population, configuration: configuration)
        #expect(plan.largestStep == plan.report().largestStep, "seed \(seed), \(configuration)")
      }
    }
  }

  @Test func positionsBeyondTheSnapshotAreRefused() throws {
    let plan = try Plan(population: Fixtures.labels([20]), configuration: PlanConfiguration(batchSize: 4))
    #expect(codeName { _ = try plan.places(of: 20, epoch: 0) } == "planning.no-such-position")
    #expect(codeName { _ = try plan.firstPlace(of: .max, epoch: 0) } == "planning.no-such-position")
  }
}
