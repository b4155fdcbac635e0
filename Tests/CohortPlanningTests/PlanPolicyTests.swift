import CohortCore
import CohortPlanning
import Foundation
import Testing

@Suite struct PlanPolicyTests {
  /// Task groups, some of 8 with batches of 32, are never mixed by default.
  @Test func taskGroupsAreNeverMixedByDefault() throws {
    let sizes = (0..<66).map { (index: UInt64) -> UInt64 in index % 5 == 0 ? 8 : 20 + index * 13 % 400 }
    let plan = try Plan(population: Fixtures.labels(sizes), configuration: PlanConfiguration(batchSize: 32, seed: 2))
    #expect(plan.folds.isEmpty)
    for epoch in 0..<3 as Range<UInt64> {
      let real = try Epoch(plan, epoch)
      #expect(real.dropped == 0)
      for step in real.steps {
        #expect(step.positions.count == 32 && !step.isMixed)
        #expect(Set(try step.positions.map { try plan.group(ofPosition: $0) }) == [step.group])
      }
    }
    #expect(plan.report().purity == 1)
  }

  @Test func smallGroupsFoldAsTheirGeometrySays() throws {
    let sizes: [UInt64] = [100, 8, 64]
    func folds(_ population: Population, _ policy: PlanConfiguration.SmallGroups) throws -> Int {
      try Plan(population: population, configuration: PlanConfiguration(batchSize: 32, smallGroups: policy)).folds.count
    }
    for policy in PlanConfiguration.SmallGroups.allCases {
      #expect(try folds(Fixtures.labels(sizes), policy) == (policy == .fold ? 1 : 0))
      #expect(try folds(Fixtures.intervals(sizes), policy) == (policy == .keep ? 0 : 1))
      #expect(try folds(Fixtures.centroids(sizes), policy) == (policy == .keep ? 0 : 1))
    }
  }

  @Test(arguments: 0..<40)
  func afterFoldingEveryUnitHasABatchOrIsAlone(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let population = Fixtures.random(&random)
    var configuration = Fixtures.configuration(&random, for: population)
    configuration.smallGroups = .fold
    let plan = try Plan(population: population, configuration: configuration)
    let (leads, whole) = (plan.leads, plan.wholeBatches)
    var sizes: [GroupID: UInt64] = [:]
    for group in plan.groups where group.size > 0 {
      sizes[try #require(leads[group.id]), default: 0] += group.size
    }
    for (lead, size) in sizes where sizes.count > 1 {
      #expect(try size >= #require(whole[lead]), "seed \(seed), group \(lead)")
    }
    for fold in plan.folds { #expect(plan.leads[fold.into] == fold.into) }
  }

  @Test func intervalsFoldIntoTheNeighbourWithTheCloserMean() throws {
    func folds(_ means: [Double], _ sizes: [UInt64]) throws -> [String] {
      var population = Fixtures.intervals(sizes)
      for (index, mean) in means.enumerated() { population.groups[index].meanLength = mean }
      return try Plan(population: population, configuration: PlanConfiguration(batchSize: 10)).folds
        .map { "\($0.group)>\($0.into)" }
    }
    #expect(try folds([10, 19, 40], [50, 5, 50]) == ["1>0"])
    #expect(try folds([10, 31, 40], [50, 5, 50]) == ["1>2"])
    #expect(try folds([10, 25, 40], [50, 5, 50]) == ["1>0"])
    // Neighbours that are small themselves join first: 3 into 2, which is then large enough.
    #expect(try folds([10, 20, 30, 31, 60], [50, 50, 7, 3, 50]) == ["3>2"])
    // None has a batch: all end in one.
    #expect(try folds([10, 20, 30], [2, 3, 4]).count == 2)
  }

  @Test func centroidsFoldIntoTheNearestAndLabelsIntoTheSibling() throws {
    let points: [[Float]] = [[0, 0], [10, 0], [9, 1], [0, 10]]
    let groups = zip(points, [50, 50, 4, 50] as [UInt64]).enumerated().map { index, entry in
      PopulationGroup(
        id: GroupID(UInt32(index)), size: entry.1, geometry: .centroid(entry.0), longest: 9, meanLength: 5)
    }
    let plan = try Plan(population: Fixtures.population(groups), configuration: PlanConfiguration(batchSize: 10))
    #expect(plan.folds.map { "\($0.group)>\($0.into)" } == ["2>1"])

    let names = ["qa/squad", "nli/anli", "qa/trivia", "nli/rte", "qa/squad_v2", "nli/cb"]
    let sizes: [UInt64] = [50, 50, 4, 50, 3, 2]
    let labels = zip(names, sizes).enumerated().map { index, entry in
      PopulationGroup(
        id: GroupID(UInt32(index)), size: entry.1, geometry: .label(entry.0), longest: 9, meanLength: 5)
    }
    let siblings = try Plan(
      population: Fixtures.population(labels), configuration: PlanConfiguration(batchSize: 10, smallGroups: .fold))
    #expect(siblings.folds.map { "\($0.group)>\($0.into)" } == ["2>0", "4>0", "5>1"])
  }

  @Test func pooledTailsAreNearEachOther() throws {
    // 40 groups of 5 around four far points, in mixed order.
    let groups = (0..<40).map { index in
      let corner = Float(index % 4) * 100
      return PopulationGroup(
        id: GroupID(UInt32(index)), size: 5, geometry: .centroid([corner, Float(index / 4), -corner]), longest: 9,
        meanLength: 5)
    }
    let plan = try Plan(
      population: Fixtures.population(groups),
      configuration: PlanConfiguration(batchSize: 10, tail: .pool, smallGroups: .keep))
    #expect(plan.stepsPerEpoch == 20)
    for step in try Epoch(plan, 0).steps {
      let corners = Set(try step.positions.map { try plan.group(ofPosition: $0).rawValue % 4 })
      #expect(step.isMixed && corners.count == 1)
    }
  }

  /// Temperature and explicit weights give the shares they promise.
  @Test func weightsGiveTheSharesTheyPromise() throws {
    let sizes: [UInt64] = [1000, 100, 10, 3000]
    let total = Double(sizes.reduce(0, +))
    func given(_ weights: PlanConfiguration.Weights) throws -> [Double] {
      let population = Fixtures.labels(sizes)
      let plan = try Plan(
        population: population, configuration: PlanConfiguration(batchSize: 16, tail: .short, weights: weights))
      #expect(plan.samplesPerEpoch == UInt64(total))
      var counts: [GroupID: Double] = [:]
      for step in try Epoch(plan, 0).steps { counts[step.group, default: 0] += Double(step.positions.count) }
      return population.groups.map { counts[$0.id] ?? 0 }
    }
    for temperature in [0.5, 1, 2, 5, 1e6] {
      let powers = sizes.map { pow(Double($0), 1 / temperature) }
      for (real, power) in zip(try given(.temperature(temperature)), powers) {
        #expect(abs(real - total * power / powers.reduce(0, +)) <= 1, "temperature \(temperature)")
      }
    }
    #expect(try given(.temperature(0.001)) == [0, 0, 0, total])
    let ids = Fixtures.labels(sizes).groups.map(\.id)
    let shares = [2.0, 0, 1, 1]
    let explicit = try given(.explicit(Dictionary(uniqueKeysWithValues: zip(ids, shares))))
    for (real, share) in zip(explicit, shares) { #expect(abs(real - total * share / 4) <= 1) }
  }

  @Test(arguments: [1, 100, 1000, 100_000] as [UInt64])
  func aTokenBudgetBoundsEveryStep(budget: UInt64) throws {
    let population = Fixtures.labels((0..<30).map { 5 + $0 * 13 % 200 })
    let longest = Dictionary(uniqueKeysWithValues: population.groups.map { ($0.id, $0.longest) })
    for tail in PlanConfiguration.Tail.allCases {
      let plan = try Plan(
        population: population, configuration: PlanConfiguration(batchSize: 32, tail: tail, tokenBudget: budget))
      let real = try Epoch(plan, 0)
      if tail != .drop { #expect(real.dropped == 0) }
      for step in real.steps {
        let most = try step.positions.map { longest[try plan.group(ofPosition: $0)] ?? 0 }.max() ?? 0
        #expect(step.positions.count == 1 || UInt64(step.positions.count) * UInt64(most) <= budget)
        #expect(step.positions.count <= 32)
      }
    }
  }

  /// Phases: some random epochs, then grouped ones for ever.
  @Test func randomEpochsComeBeforeGroupedOnes() throws {
    let plan = try Plan(
      population: Fixtures.labels([100, 60]),
      configuration: PlanConfiguration(
        batchSize: 10, phases: [.init(epochs: 2, kind: .random), .init(epochs: 1, kind: .grouped)]))
    let kinds = (0..<6 as Range<UInt64>).map(plan.kind(ofEpoch:))
    #expect(kinds == [.random, .random, .grouped, .grouped, .grouped, .grouped])
    #expect(try plan.step(epoch: 1, step: 3).isMixed && plan.step(epoch: 1, step: 3).group == .unassigned)
    #expect(try !plan.step(epoch: 2, step: 3).isMixed)
    #expect(plan.report().kind == .grouped && plan.report().purity == 1)
    #expect(try plan.step(epoch: .max, step: 3).positions.count == 10)
  }

  /// Settings and populations that make no plan are refused, with the reason.
  @Test func whatMakesNoPlanIsRefusedWithTheReason() throws {
    let good = Fixtures.labels([10, 20])
    let ids = good.groups.map(\.id)
    for (configuration, code) in [
      (PlanConfiguration(batchSize: 0), "planning.invalid-configuration"),
      (PlanConfiguration(batchSize: 1 << 25), "planning.invalid-configuration"),
      (PlanConfiguration(batchSize: 4, tokenBudget: 0), "planning.invalid-configuration"),
      (PlanConfiguration(batchSize: 4, weights: .temperature(0)), "planning.invalid-configuration"),
      (PlanConfiguration(batchSize: 4, weights: .temperature(.nan)), "planning.invalid-configuration"),
      (PlanConfiguration(batchSize: 4, weights: .explicit([:])), "planning.invalid-configuration"),
      (PlanConfiguration(batchSize: 4, weights: .explicit([ids[0]: 0, ids[1]: 0])), "planning.invalid-configuration"),
      (PlanConfiguration(batchSize: 4, weights: .explicit([ids[0]: -1, ids[1]: 0])), "planning.invalid-configuration"),
      (
        PlanConfiguration(batchSize: 4, weights: .explicit([ids[0]: 1, ids[1]: 1, GroupID(999): 1])),
        "planning.invalid-configuration"
      ),
      (PlanConfiguration(batchSize: 4, phases: [.init(epochs: 0, kind: .random)]), "planning.invalid-configuration"),
      (PlanConfiguration(batchSize: 50, tail: .drop), "planning.no-steps"),
    ] {
      let error = #expect(throws: CohortError.self) { try Plan(population: good, configuration: configuration) }
      #expect(error?.code.name == code, "\(configuration)")
    }
    func refuses(_ code: String, _ change: (inout Population) -> Void) {
      var population = Fixtures.centroids([10, 20])
      change(&population)
      let error = #expect(throws: CohortError.self) {
        try Plan(population: population, configuration: PlanConfiguration(batchSize: 4))
      }
      #expect(error?.code.name == code)
    }
    refuses("planning.empty-population") { $0.groups = [] }
    refuses("planning.empty-population") { for i in $0.groups.indices { $0.groups[i].size = 0 } }
    refuses("planning.invalid-population") { $0.groups.swapAt(0, 1) }
    refuses("planning.invalid-population") { $0.groups[1].id = $0.groups[0].id }
    refuses("planning.invalid-population") { $0.groups[0].size = .max }
    refuses("planning.invalid-population") { $0.groups[0].meanLength = .nan }
    refuses("planning.invalid-population") { $0.groups[0].geometry = .centroid([.nan]) }
    refuses("planning.invalid-population") { $0.groups[0].geometry = .centroid([1, 2]) }
    refuses("planning.invalid-population") { $0.groups[0].longestMember = 10 }
  }
}
