internal import CohortCore

/// Everything that was decided when the plan was made, and nothing that follows from it by arithmetic: what is encoded
/// and hashed. Searches (nearest groups) and floating-point arithmetic (weights) happen only here.
struct PlanResolution: Sendable {
  var configuration: PlanConfiguration
  var storeID: Digest128
  var snapshotName: String
  var populationDigest: Digest128
  /// In ascending id.
  var groups: [PlanGroup]
  /// For each group the index of the group whose unit it belongs to; never a chain.
  var leads: [Int]
  /// For each unit (in the order of their leads) the samples of an epoch; nil when each sample comes once.
  var quotas: [UInt64]?
  /// With `pool`: the leads of all units in the order in which their tails join.
  var poolOrder: [Int]
}

extension PlanResolution {
  init(population: Population, configuration: PlanConfiguration) throws {
    try configuration.validate()
    try population.validate()
    var offset: UInt64 = 0
    var groups: [PlanGroup] = []
    groups.reserveCapacity(population.groups.count)
    for group in population.groups {
      groups.append(
        PlanGroup(
          id: group.id, size: group.size, offset: offset, longest: group.longest, meanLength: group.meanLength,
          longestMember: group.longestMember))
      offset += group.size
    }
    let leads = GroupFolding.leads(of: population.groups, configuration: configuration)
    let units = leads.indices.filter { leads[$0] == $0 && groups[$0].size > 0 }
    self.init(
      configuration: configuration, storeID: population.storeID, snapshotName: population.snapshotName,
      populationDigest: population.digest, groups: groups, leads: leads,
      quotas: try Self.quotas(configuration.weights, groups: groups, leads: leads, units: units),
      poolOrder: configuration.tail == .pool ? PoolOrder.order(units, population.groups) : [])
  }

  private static func quotas(
    _ weights: PlanConfiguration.Weights, groups: [PlanGroup], leads: [Int], units: [Int]
  ) throws -> [UInt64]? {
    let total = groups.reduce(0) { $0 + $1.size }
    let shares: [Double]
    switch weights {
    case .proportional: return nil
    case .temperature(let temperature):
      var sizes = [UInt64](repeating: 0, count: groups.count)
      for (index, group) in groups.enumerated() { sizes[leads[index]] += group.size }
      let greatest = sizes.max() ?? 1
      shares = units.map { VirtualSizes.tempered(sizes[$0], greatest: greatest, temperature: temperature) }
    case .explicit(let values):
      let known = Set(groups.map(\.id))
      if let stranger = values.keys.filter({ !known.contains($0) }).min() {
        throw CohortError.configuration("weights", "group \(stranger) is not in the snapshot")
      }
      var sums = [Double](repeating: 0, count: groups.count)
      for (index, group) in groups.enumerated() where group.size > 0 {
        guard let weight = values[group.id] else {
          throw CohortError.configuration(
            "weights", "group \(group.id) has none",
            hint: "Give a weight for each group that has members; 0 leaves a group out")
        }
        sums[leads[index]] += weight
      }
      guard sums.allSatisfy(\.isFinite) else { throw CohortError.configuration("weights", "their sum is infinite") }
      shares = units.map { sums[$0] }
    }
    guard let sizes = VirtualSizes.apportion(total, weights: shares) else {
      throw CohortError.configuration("weights", "all are 0", hint: "Give at least one group a weight above 0")
    }
    return sizes
  }
}
