import CohortCore
import CohortPlanning
import Testing

@Suite struct PlanReportTests {
  /// Counts what enumeration finds, in every epoch.
  @Test(arguments: 0..<80)
  func itCountsWhatEnumerationFinds(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(5000 + seed))
    let population = Fixtures.random(&random)
    var configuration = Fixtures.configuration(&random, for: population)
    if seed % 3 == 0 { configuration.phases = [.init(epochs: 1, kind: .random)] }
    let place = Comment("seed \(seed), \(configuration)")
    let plan = try Plan(population: population, configuration: configuration)
    let report = plan.report()
    #expect(report.rows == population.groups.reduce(0) { $0 + $1.size }, place)
    #expect(report.groups == UInt64(population.groups.count { $0.size > 0 }), place)
    for epoch in 0..<3 as Range<UInt64> {
      let real = try Epoch(plan, epoch)
      #expect(report.steps == UInt64(real.steps.count), place)
      #expect(report.samples == UInt64(real.samples), place)
      #expect(report.unique == UInt64(real.unique), place)
      #expect(report.repeated == UInt64(real.repeated), place)
      #expect(report.dropped == UInt64(real.dropped), place)
      guard plan.kind(ofEpoch: epoch) == report.kind else { continue }
      #expect(report.mixed == UInt64(real.mixed), place)
      #expect(report.mixedSteps == UInt64(real.steps.count { $0.isMixed }), place)
      #expect(report.smallestStep == real.steps.map { UInt64($0.positions.count) }.min(), place)
      #expect(report.largestStep == real.steps.map { UInt64($0.positions.count) }.max(), place)
      #expect(report.purity == 1 - Double(real.mixed) / Double(real.samples), place)
    }
    #expect(report.foldedGroups == UInt64(plan.folds.count), place)
    let sizes = Dictionary(uniqueKeysWithValues: population.groups.map { ($0.id, $0.size) })
    #expect(report.foldedRows == plan.folds.reduce(0) { $0 + (sizes[$1.group] ?? 0) }, place)
  }

  /// Which groups the steps really have, each counted as it was before folding.
  @Test(arguments: 0..<80)
  func itTellsWhatFoldingDid(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(7000 + seed))
    let population = Fixtures.random(&random)
    var configuration = Fixtures.configuration(&random, for: population)
    if seed % 2 == 0 { configuration.smallGroups = .fold }
    configuration.phases = []
    // Each member as often as any other, so that the shares of an epoch are those of the members.
    configuration.weights = .proportional
    let place = Comment("seed \(seed), \(configuration)")
    let plan = try Plan(population: population, configuration: configuration)
    let report = plan.report()
    let leads = plan.leads
    let folded = Set(
      plan.folds.flatMap { [$0.group, $0.into] }.compactMap { group in
        population.groups.first { $0.id == group }.flatMap { $0.size > 0 ? leads[group] : nil }
      })
    let steps = try Epoch(plan, 0).steps
    let several = steps.filter { !$0.isMixed && folded.contains($0.group) }
    #expect(report.folding.steps == UInt64(several.count), place)
    #expect(report.folding.samples == UInt64(several.reduce(0) { $0 + $1.positions.count }), place)
    #expect(report.folding.batchGroups == report.groups - report.foldedGroups, place)
    #expect(report.folding.groupPurity <= report.purity + 1e-12, place)
    if several.isEmpty { #expect(abs(report.folding.groupPurity - report.purity) < 1e-12, place) }
    if configuration.tail == .short {
      // All members of a unit come once: count those of the unit's largest group.
      var counts: [GroupID: [GroupID: Int]] = [:]
      for step in steps {
        for position in step.positions {
          let group = try plan.group(ofPosition: position)
          counts[leads[group] ?? group, default: [:]][group, default: 0] += 1
        }
      }
      let largest = counts.values.reduce(0) { $0 + ($1.values.max() ?? 0) }
      #expect(abs(report.folding.groupPurity - Double(largest) / Double(report.samples)) < 1e-12, place)
    }
    let small = population.groups.count {
      let fitting = configuration.tokenBudget ?? .max
      let batch = min(configuration.batchSize, max(1, fitting / UInt64(max($0.longest, 1))))
      return $0.size > 0 && $0.size < batch
    }
    #expect(report.folding.groupsBelowBatch == UInt64(small), place)
  }

  /// A day's finding: 55 groups in one batch were called pure.
  @Test func manyGroupsInOneBatchAreNotPure() throws {
    let plan = try Plan(
      population: Fixtures.centroids([UInt64](repeating: 40, count: 55)),
      configuration: PlanConfiguration(batchSize: 2000))
    let report = plan.report()
    #expect(report.purity == 1 && report.foldedGroups == 54)
    #expect(report.folding.groupPurity == 1.0 / 55)
    #expect(report.folding.batchGroups == 1 && report.folding.groupsBelowBatch == 55)
    #expect(report.folding.steps == report.steps && report.folding.samples == report.samples)
    let kept = try Plan(
      population: Fixtures.centroids([UInt64](repeating: 40, count: 55)),
      configuration: PlanConfiguration(batchSize: 40))
    #expect(kept.report().folding.groupPurity == 1 && kept.report().folding.groupsBelowBatch == 0)
  }

  /// What the ranks of an epoch get, counted one by one.
  @Test(arguments: 0..<60)
  func itCountsThePartsThatAreEmpty(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(9000 + seed))
    let population = Fixtures.random(&random)
    let plan = try Plan(population: population, configuration: Fixtures.configuration(&random, for: population))
    let (world, accumulation) = (Int(random.next() % 9) + 1, Int(random.next() % 4) + 1)
    let place = Comment("seed \(seed), \(world) x \(accumulation), \(plan.configuration)")
    let parts = try plan.parts(world: world, accumulation: accumulation)
    let kind = plan.report().kind
    guard let epoch = (0..<8 as Range<UInt64>).first(where: { plan.kind(ofEpoch: $0) == kind }) else { return }
    var (empty, steps): (UInt64, UInt64) = (0, 0)
    for index in 0..<plan.stepsPerEpoch {
      let step = try plan.step(epoch: epoch, step: index)
      var found: UInt64 = 0
      for rank in 0..<world {
        for micro in 0..<accumulation {
          found += try step.slice(rank: rank, world: world, accumulation: accumulation, micro: micro).isEmpty ? 1 : 0
        }
      }
      empty += found
      steps += found > 0 ? 1 : 0
    }
    #expect(parts.empty == empty && parts.steps == steps, place)
    #expect((empty == 0) == (plan.report().smallestStep >= UInt64(world * accumulation)), place)
  }

  @Test func aWorldThatNoStepHasIsRefused() throws {
    let plan = try Plan(population: Fixtures.labels([40]), configuration: PlanConfiguration(batchSize: 8))
    #expect(throws: CohortError.self) { try plan.parts(world: 0, accumulation: 1) }
    #expect(throws: CohortError.self) { try plan.parts(world: 2, accumulation: 1 << 21) }
  }

  /// The same number as by the definition, over the steps one after the other.
  @Test(arguments: [PlanConfiguration.Order.shuffled, .curriculum, .roundRobin, .blocked])
  func itCorrelatesNeighbouringSteps(order: PlanConfiguration.Order) throws {
    let population = Fixtures.intervals([640, 640, 640, 640])
    let plan = try Plan(
      population: population, configuration: PlanConfiguration(batchSize: 32, seed: 5, order: order))
    let length = { (position: UInt64) in UInt32(10 + 100 * (position / 640) + position % 7) }
    let means = try (0..<plan.stepsPerEpoch).map { index -> Double in
      let step = try plan.step(epoch: 0, step: index)
      return step.positions.reduce(0) { $0 + Double(length($1)) } / Double(step.positions.count)
    }
    let pairs = Array(zip(means, means.dropFirst()))
    let count = Double(pairs.count)
    let (x, y) = (pairs.reduce(0) { $0 + $1.0 } / count, pairs.reduce(0) { $0 + $1.1 } / count)
    let both = pairs.reduce(0) { $0 + ($1.0 - x) * ($1.1 - y) }
    let spread = pairs.reduce(0) { $0 + ($1.0 - x) * ($1.0 - x) } * pairs.reduce(0) { $0 + ($1.1 - y) * ($1.1 - y) }
    let found = try #require(try plan.report(length: length).lengths?.neighbourCorrelation)
    #expect(abs(found - both / spread.squareRoot()) < 1e-9, "\(order)")
    // 80 steps: chance alone stays within 3.5 / sqrt(79).
    if order == .shuffled { #expect(abs(found) < 0.4) }
    if order == .curriculum || order == .blocked { #expect(found > 0.9) }
    // Of a longer epoch only some pairs are looked at.
    let sampled = try #require(try plan.report(maximumSteps: 40, length: length).lengths?.neighbourCorrelation)
    #expect((-1...1).contains(sampled) && (order != .curriculum || sampled > 0.9), "\(order): \(sampled)")
  }

  @Test func equalStepsHaveNoCorrelation() throws {
    let plan = try Plan(population: Fixtures.labels([64, 64]), configuration: PlanConfiguration(batchSize: 32))
    #expect(try plan.report { _ in 7 }.lengths?.neighbourCorrelation == nil)
    let single = try Plan(population: Fixtures.labels([32]), configuration: PlanConfiguration(batchSize: 32))
    #expect(try single.report { UInt32($0) }.lengths?.neighbourCorrelation == nil)
  }

  /// Counts groups that give nothing, short steps and groups over budget.
  @Test func itCountsWhatGivesNothingIsShortOrOverBudget() throws {
    let population = Fixtures.labels([5, 64, 40, 0, 9])
    func report(_ configuration: PlanConfiguration) throws -> PlanReport {
      try Plan(population: population, configuration: configuration).report()
    }
    let dropped = try report(PlanConfiguration(batchSize: 32, tail: .drop))
    #expect(dropped.droppedGroups == 2 && dropped.smallGroups == 2 && dropped.dropped == 5 + 8 + 9)
    #expect(dropped.purity == 1 && dropped.shortSteps == 0 && dropped.steps == 3)
    let short = try report(PlanConfiguration(batchSize: 32, tail: .short))
    #expect(short.shortSteps == 3 && short.smallestStep == 5 && short.steps == 6)
    let filled = try report(PlanConfiguration(batchSize: 32))
    #expect(filled.repeated == 27 + 24 + 23 && filled.shortSteps == 0 && filled.steps == 6)
    let pooled = try report(PlanConfiguration(batchSize: 32, tail: .pool))
    #expect(pooled.mixed == 5 + 8 + 9 && pooled.mixedSteps == 1 && pooled.steps == 4 && pooled.shortSteps == 1)
    #expect(pooled.purity == 1 - 22.0 / 118)
    // The longest samples are 20, 57, 94 and 168 long.
    let tight = try report(PlanConfiguration(batchSize: 32, tail: .short, tokenBudget: 90))
    #expect(tight.overBudgetGroups == 2 && tight.largestStep == 4)
  }

  @Test func itMeasuresTokensAndPaddingAgainstARandomPlan() throws {
    let population = Fixtures.intervals([320, 320, 320, 320])
    let plan = try Plan(population: population, configuration: PlanConfiguration(batchSize: 32, seed: 3))
    // Groups of 320: lengths 1, 17, 33, 49 and one sample in 320 one longer.
    let length = { (position: UInt64) in UInt32(1 + 16 * (position / 320)) + (position % 320 == 0 ? 1 : 0) }
    let measured = try #require(try plan.report(length: length).lengths)
    #expect(measured.measuredSteps == 40 && !measured.isSampled && measured.epoch == 0)
    // 20 of 40 steps have at most 17 a sample.
    #expect((17 * 32...17 * 32 + 1).contains(measured.median))
    #expect((49 * 32...49 * 32 + 1).contains(measured.p95))
    #expect(measured.greatest == 49 * 32 + 1 && measured.greatestPadded == 50 * 32)
    // Enumerate once more by hand.
    for (kind, waste) in [
      (PlanConfiguration.EpochKind.grouped, measured.paddingWaste), (.random, measured.randomPaddingWaste),
    ] {
      var configuration = plan.configuration
      configuration.phases = [.init(epochs: 1, kind: kind)]
      let steps = try Epoch(Plan(population: population, configuration: configuration), 0).steps
      let real = steps.reduce(0.0) { $0 + $1.positions.reduce(0.0) { $0 + Double(length($1)) } }
      let padded = steps.reduce(0.0) { $0 + Double($1.positions.count) * Double($1.positions.map(length).max() ?? 0) }
      #expect(abs(waste - (1 - real / padded)) < 1e-12)
    }
    #expect(measured.paddingWaste * 3 < measured.randomPaddingWaste)
    let sampled = try #require(try plan.report(maximumSteps: 7, length: length).lengths)
    #expect(sampled.measuredSteps == 7 && sampled.isSampled)
    #expect(try plan.report(maximumSteps: 7, length: length).lengths == sampled)
    #expect(try plan.report(unit: .words, length: length).lengths?.json.contains(#""unit":"words""#) == true)
  }
}
