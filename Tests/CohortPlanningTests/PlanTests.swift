import CohortCore
import CohortPlanning
import Testing

@Suite struct PlanTests {
  /// Keeps its promises over random populations and configurations.
  @Test(arguments: 0..<60)
  func itKeepsItsPromises(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let population = Fixtures.random(&random)
    let configuration = Fixtures.configuration(&random, for: population)
    let plan = try Plan(population: population, configuration: configuration)
    let leads = plan.leads
    for epoch in 0..<3 as Range<UInt64> {
      let real = try Epoch(plan, epoch)
      let place = Comment("seed \(seed), epoch \(epoch), \(configuration)")
      #expect(real.samples == Int(plan.samplesPerEpoch), place)
      if configuration.weights == .proportional {
        switch configuration.tail {
        case .fill: #expect(real.dropped == 0, place)
        case .short, .pool: #expect(real.dropped == 0 && real.repeated == 0, place)
        case .drop: #expect(real.repeated == 0, place)
        }
      }
      for step in real.steps {
        #expect(!step.positions.isEmpty && step.positions.count <= Int(configuration.batchSize), place)
        guard plan.kind(ofEpoch: epoch) == .grouped else { continue }
        let groups = Set(try step.positions.map { leads[try plan.group(ofPosition: $0)] })
        if configuration.tail != .pool { #expect(!step.isMixed, place) }
        #expect(step.isMixed ? groups.count > 1 : groups == [step.group], place)
      }
    }
  }

  /// Never puts a sample twice into a batch of a group that has a batch of members.
  @Test(arguments: 0..<40)
  func noSampleComesTwiceInABatchOfALargeGroup(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(1000 + seed))
    let population = Fixtures.random(&random)
    var configuration = Fixtures.configuration(&random, for: population)
    configuration.phases = []
    let plan = try Plan(population: population, configuration: configuration)
    let (leads, whole) = (plan.leads, plan.wholeBatches)
    var sizes: [GroupID: UInt64] = [:]
    for group in plan.groups where group.size > 0 {
      sizes[try #require(leads[group.id]), default: 0] += group.size
    }
    for epoch in 0..<2 as Range<UInt64> {
      for step in try Epoch(plan, epoch).steps {
        var seen: Set<UInt64> = []
        for position in step.positions where !seen.insert(position).inserted {
          // Only a unit with less than a batch of members may give one twice.
          let lead = try #require(try leads[plan.group(ofPosition: position)])
          let (size, full) = (try #require(sizes[lead]), try #require(whole[lead]))
          #expect(
            size < full, "seed \(seed), epoch \(epoch), step \(step.step), group \(lead), \(configuration)")
        }
      }
    }
  }

  @Test(
    "repeats every member equally often over the epochs",
    arguments: [(41, 32), (40, 32), (8, 32), (33, 32), (97, 10)] as [(UInt64, UInt64)])
  func evenRepeats(size: UInt64, batch: UInt64) throws {
    let plan = try Plan(
      population: Fixtures.labels([size, 64]), configuration: PlanConfiguration(batchSize: batch, seed: 5))
    var counts = [Int](repeating: 0, count: Int(size))
    for epoch in 0..<64 as Range<UInt64> {
      let real = try Epoch(plan, epoch)
      for position in 0..<Int(size) { counts[position] += real.counts[position] }
      let least = counts.min() ?? 0
      #expect((counts.max() ?? 0) - least <= 1, "size \(size), batch \(batch), after epoch \(epoch)")
    }
  }

  /// Leaves out every member equally often over the epochs.
  @Test func everyMemberIsLeftOutEquallyOften() throws {
    let plan = try Plan(
      population: Fixtures.labels([45, 70]), configuration: PlanConfiguration(batchSize: 32, seed: 5, tail: .drop))
    var counts = [Int](repeating: 0, count: 115)
    for epoch in 0..<90 as Range<UInt64> {
      for (position, count) in try Epoch(plan, epoch).counts.enumerated() { counts[position] += count }
    }
    let (first, second) = (counts[..<45], counts[45...])
    #expect((first.max() ?? 0) - (first.min() ?? 0) <= 1)
    #expect((second.max() ?? 0) - (second.min() ?? 0) <= 1)
  }

  /// Gives 1,000 Zipf groups without missing a row or a group.
  @Test func zipfGroupsComeWithoutMissingARowOrAGroup() throws {
    let population = Fixtures.zipf
    #expect(population.groups.reduce(0) { $0 + $1.size } == 51_500)
    let plan = try Plan(population: population, configuration: PlanConfiguration(batchSize: 32, seed: 11))
    let real = try Epoch(plan, 0)
    #expect(real.dropped == 0)
    #expect(Set(real.steps.map(\.group)).count == 1000)
    #expect(real.steps.allSatisfy { !$0.isMixed && $0.positions.count == 32 })
    #expect(UInt64(real.repeated) == plan.samplesPerEpoch - 51_500)
  }

  /// Random epochs give the samples of the grouped ones, in as many steps.
  @Test func randomEpochsGiveTheSamplesOfTheGroupedOnes() throws {
    var random = SplitMix64(seed: 99)
    for round in 0..<20 {
      let population = Fixtures.random(&random)
      var configuration = Fixtures.configuration(&random, for: population)
      configuration.phases = []
      let grouped = try Plan(population: population, configuration: configuration)
      let baseline = try Plan(population: population, configuration: configuration.randomBaseline)
      #expect(grouped.stepsPerEpoch == baseline.stepsPerEpoch)
      #expect(grouped.hash != baseline.hash)
      for epoch in 0..<3 as Range<UInt64> {
        let (a, b) = (try Epoch(grouped, epoch), try Epoch(baseline, epoch))
        #expect(a.counts == b.counts, "round \(round), epoch \(epoch), \(configuration)")
        let sizes = b.steps.map(\.positions.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
      }
    }
  }

  @Test func twoSeedsAndTwoEpochsDiffer() throws {
    let population = Fixtures.labels([100, 200, 300])
    let one = try Plan(population: population, configuration: PlanConfiguration(batchSize: 10, seed: 1))
    let two = try Plan(population: population, configuration: PlanConfiguration(batchSize: 10, seed: 2))
    #expect(one.hash != two.hash)
    let (a, b, c) = (try Epoch(one, 0), try Epoch(two, 0), try Epoch(one, 1))
    #expect(a.steps.map(\.positions) != b.steps.map(\.positions))
    #expect(a.steps.map(\.positions) != c.steps.map(\.positions))
    #expect(a.steps.map(\.group) != c.steps.map(\.group))
    #expect(Set(a.steps.map { Set($0.positions) }).isDisjoint(with: c.steps.map { Set($0.positions) }))
  }

  /// Is the same from its bytes, and any step by itself.
  @Test func itIsTheSameFromItsBytes() throws {
    var random = SplitMix64(seed: 4)
    for round in 0..<40 {
      let population = Fixtures.random(&random)
      let plan = try Plan(population: population, configuration: Fixtures.configuration(&random, for: population))
      let copy = try Plan(decoding: plan.encode())
      #expect(copy == plan && copy.hash == plan.hash && copy.configuration == plan.configuration, "round \(round)")
      let steps = try Epoch(plan, 1).steps
      for index in steps.indices.reversed() {
        #expect(try copy.step(epoch: 1, step: UInt64(index)) == steps[index], "round \(round), step \(index)")
      }
    }
  }

  /// Refuses damaged bytes without a trap.
  @Test(arguments: 0..<8)
  func damagedBytesAreRefusedWithoutATrap(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let population = Fixtures.random(&random)
    let plan = try Plan(population: population, configuration: Fixtures.configuration(&random, for: population))
    let bytes = plan.encode()
    for length in stride(from: 0, to: bytes.count, by: 3) {
      #expect(throws: (any Error).self) { try Plan(decoding: Array(bytes[..<length])) }
    }
    var (refused, others) = (0, 0)
    for _ in 0..<200 {
      var other = bytes
      let index = Int.random(in: 0..<bytes.count, using: &random)
      other[index] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
      // Either an error, or another plan that works.
      guard let changed = try? Plan(decoding: other) else {
        refused += 1
        continue
      }
      others += 1
      #expect(changed.hash != plan.hash)
      _ = try changed.step(epoch: 0, step: changed.stepsPerEpoch - 1)
    }
    #expect(refused > 0 && others > 0, "seed \(seed): \(refused) refused, \(others) plans")
  }

  /// There is no plan where tails are dropped and no unit has a whole batch, and nowhere else.
  @Test func thereIsNoPlanWithoutAWholeBatchAndNowhereElse() throws {
    var (refused, made) = (0, 0)
    for seed in 0..<600 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let population = Fixtures.random(&random, largest: 20)
      var configuration = Fixtures.configuration(&random, for: population)
      (configuration.tail, configuration.phases) = (.short, [])
      let short = try Plan(population: population, configuration: configuration)
      let whole = short.wholeBatches
      let isWhole = try Epoch(short, 0).steps.contains { UInt64($0.positions.count) == whole[$0.group] }
      for tail in PlanConfiguration.Tail.allCases {
        configuration.tail = tail
        do {
          _ = try Plan(population: population, configuration: configuration)
          #expect(tail != .drop || isWhole, "seed \(seed), \(configuration)")
          made += 1
        } catch let error as CohortError {
          #expect(error.code.name == "planning.no-steps", "seed \(seed), \(configuration)")
          #expect(tail == .drop && !isWhole, "seed \(seed), \(configuration)")
          refused += 1
        }
      }
    }
    #expect(refused > 30 && made > 1800, "\(refused) refused, \(made) made")
  }

  /// Refuses steps beyond the epoch.
  @Test func stepsBeyondTheEpochAreRefused() throws {
    let plan = try Plan(population: Fixtures.labels([10]), configuration: PlanConfiguration(batchSize: 5))
    #expect(plan.stepsPerEpoch == 2)
    let error = #expect(throws: CohortError.self) { try plan.step(epoch: 0, step: 2) }
    #expect(error?.code.name == "planning.no-such-step")
  }
}
