import CohortCore
import CohortPlanning

/// Populations and configurations for tests, drawn from a seed.
enum Fixtures {
  static let store = Digest128(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)

  static func population(_ groups: [PopulationGroup], name: String = "monday") -> Population {
    var digest = StreamingDigest()
    for group in groups {
      digest.update(group.id.rawValue)
      digest.update(group.size)
    }
    return Population(groups: groups, digest: digest.finish(), snapshotName: name, storeID: store)
  }

  /// Groups named `task-0` and so on, with ids 10 apart from 3.
  static func labels(_ sizes: [UInt64]) -> Population {
    population(
      sizes.enumerated().map { index, size in
        PopulationGroup(
          id: GroupID(UInt32(3 + 10 * index)), size: size, geometry: .label("task-\(index)"),
          longest: UInt32(20 + (index * 37) % 200), meanLength: Double(5 + (index * 17) % 90))
      })
  }

  /// Adjacent intervals of width 16.
  static func intervals(_ sizes: [UInt64]) -> Population {
    population(
      sizes.enumerated().map { index, size in
        PopulationGroup(
          id: GroupID(UInt32(index)), size: size,
          geometry: .interval(
            lower: UInt64(16 * index), upper: index == sizes.count - 1 ? .max : UInt64(16 * index + 16)),
          longest: UInt32(16 * index + 15), meanLength: Double(16 * index) + 7.5)
      })
  }

  /// Points on a circle.
  static func centroids(_ sizes: [UInt64], dimension: Int = 12) -> Population {
    population(
      sizes.enumerated().map { index, size in
        var random = SplitMix64(seed: UInt64(index) &* 977)
        let values = (0..<dimension).map { _ in Float(Int64(random.next() % 2001) - 1000) / 1000 }
        return PopulationGroup(
          id: GroupID(UInt32(index * 2 + 1)), size: size, geometry: .centroid(values),
          longest: UInt32(30 + index % 50), meanLength: Double(10 + index % 20))
      })
  }

  /// 1 to 30 groups of 0 to 120 members, with the longest member sometimes known. With every configuration that is drawn
  /// for them, those of the seeds in use make a plan: tests need not ask.
  static func random(_ random: inout SplitMix64, largest: UInt64 = 120) -> Population {
    let sizes = (0..<Int.random(in: 1...30, using: &random)).map { _ in UInt64.random(in: 0...largest, using: &random) }
    var population =
      switch Int.random(in: 0..<3, using: &random) {
      case 0: labels(sizes)
      case 1: intervals(sizes)
      default: centroids(sizes)
      }
    for index in population.groups.indices where population.groups[index].size > 0 && Bool.random(using: &random) {
      population.groups[index].longestMember = UInt64.random(in: 0..<population.groups[index].size, using: &random)
    }
    if population.groups.allSatisfy({ $0.size == 0 }) { population.groups[0].size = 1 }
    return population
  }

  static func configuration(_ random: inout SplitMix64, for population: Population) -> PlanConfiguration {
    let weights: PlanConfiguration.Weights
    switch Int.random(in: 0..<4, using: &random) {
    case 0: weights = .temperature(Double.random(in: 0.5...8, using: &random))
    case 1:
      var values: [GroupID: Double] = [:]
      for group in population.groups { values[group.id] = Double.random(in: 0.1...3, using: &random) }
      weights = .explicit(values)
    default: weights = .proportional
    }
    return PlanConfiguration(
      batchSize: UInt64.random(in: 1...40, using: &random), seed: random.next(),
      tail: pick(PlanConfiguration.Tail.allCases, &random),
      smallGroups: pick(PlanConfiguration.SmallGroups.allCases, &random),
      order: pick(PlanConfiguration.Order.allCases, &random), longestFirst: Bool.random(using: &random),
      weights: weights,
      phases: Bool.random(using: &random) ? [] : [.init(epochs: 1, kind: .random), .init(epochs: 2, kind: .grouped)],
      tokenBudget: Bool.random(using: &random) ? nil : UInt64.random(in: 1...4000, using: &random))
  }

  static func pick<T>(_ values: [T], _ random: inout SplitMix64) -> T {
    values[Int.random(in: 0..<values.count, using: &random)]
  }

  /// 1,000 groups with Zipf sizes and 51,500 rows in all: the case CommonIT's sampler is measured on.
  static var zipf: Population {
    let harmonic = (1...1000).reduce(0.0) { $0 + 1 / Double($1) }
    var sizes = (1...1000).map { max(1, UInt64(51_500 / harmonic / Double($0))) }
    sizes[0] += 51_500 - sizes.reduce(0, +)
    return labels(sizes)
  }
}

/// What an epoch really gives, by enumeration.
struct Epoch {
  var steps: [PlannedStep] = []
  /// How often each position came.
  var counts: [Int]

  init(_ plan: Plan, _ epoch: UInt64) throws {
    counts = [Int](repeating: 0, count: Int(plan.rows))
    for index in 0..<plan.stepsPerEpoch {
      let step = try plan.step(epoch: epoch, step: index)
      for position in step.positions { counts[Int(position)] += 1 }
      steps.append(step)
    }
  }

  var samples: Int { counts.reduce(0, +) }
  var unique: Int { counts.count { $0 > 0 } }
  var repeated: Int { samples - unique }
  var dropped: Int { counts.count { $0 == 0 } }
  var mixed: Int { steps.reduce(0) { $0 + ($1.isMixed ? $1.positions.count : 0) } }
}

extension Plan {
  /// The lead of each group's unit.
  var leads: [GroupID: GroupID] {
    var leads: [GroupID: GroupID] = [:]
    for group in groups { leads[group.id] = group.id }
    for fold in folds { leads[fold.group] = fold.into }
    return leads
  }

  /// The samples of a whole batch of each unit, by its lead: fewer where the longest sample leaves no room for more.
  var wholeBatches: [GroupID: UInt64] {
    let leads = leads
    var longest: [GroupID: UInt32] = [:]
    for group in groups where group.size > 0 {
      guard let lead = leads[group.id] else { continue }
      longest[lead] = max(longest[lead] ?? 0, group.longest)
    }
    return longest.mapValues { longest in
      configuration.tokenBudget.map { min(configuration.batchSize, max(1, $0 / UInt64(longest))) }
        ?? configuration.batchSize
    }
  }
}
