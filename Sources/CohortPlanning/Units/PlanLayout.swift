internal import CohortCore

/// What follows from a resolution by arithmetic: units, blocks of batches and their sums. Made once, O(groups) memory.
///
/// A *block* is a run of batches that stay together in the orders by group: all batches of a unit, or one pooled batch.
/// Batches of the epoch are numbered through the blocks.
struct PlanLayout: Sendable {
  private(set) var units: [Unit] = []
  private(set) var segments: [UnitSegment] = []
  /// Samples given by the units before each one; one more than units.
  private(set) var givenSums: [UInt64] = [0]
  /// Units that pool something, in pool order.
  private(set) var poolUnits: [Int] = []
  /// Pooled items of those before; one more than `poolUnits`.
  private(set) var poolSums: [UInt64] = [0]
  /// Pool items at which a pooled batch begins; one more than there are pooled batches.
  private(set) var poolBounds: [UInt64] = [0]
  /// Units (below `units.count`) and pooled batches (`units.count` + number), in plan order.
  private(set) var blocks: [Int] = []
  /// Batches of the blocks before; one more than blocks.
  private(set) var batchSums: [UInt64] = [0]

  var batches: UInt64 { batchSums[batchSums.count - 1] }
  var samples: UInt64 { givenSums[givenSums.count - 1] }

  /// The group that all samples of an epoch are from, if there is only one.
  private(set) var onlyGroup: GroupID?

  init(_ resolution: PlanResolution) throws {
    makeUnits(resolution)
    if resolution.configuration.tail == .pool { makePool(resolution) }
    makeBlocks(resolution.configuration.order)
    let giving = units.lazy.filter { $0.given > 0 }.prefix(2).map(\.lead)
    onlyGroup = giving.count == 1 ? giving.first : nil
    guard batches > 0 else {
      throw CohortError(
        .planningNoSteps, "the plan has no step: no group gives a batch",
        cause: "each group has fewer than \(resolution.configuration.batchSize) samples, and the tail is dropped",
        hint: "Use a smaller batch size, the tail policy fill or short, or fold small groups")
    }
  }

  private mutating func makeUnits(_ resolution: PlanResolution) {
    let groups = resolution.groups
    let folds = Folds(resolution.leads)
    units.reserveCapacity(groups.count)
    segments.reserveCapacity(groups.count)
    givenSums.reserveCapacity(groups.count + 1)
    for (index, group) in groups.enumerated() where resolution.leads[index] == index && group.size > 0 {
      var unit = Unit(lead: group.id, firstSegment: segments.count)
      // The lead's own members first, then those of the groups folded into it, in ascending id.
      var part: Int? = index
      while let current = part {
        segments.append(UnitSegment(member: unit.count, position: groups[current].offset))
        unit.append(groups[current])
        part = folds.next(after: current)
      }
      unit.settle(
        quota: resolution.quotas?[units.count] ?? unit.count,
        batchSize: resolution.configuration.batchSize(longest: unit.longest), tail: resolution.configuration.tail)
      units.append(unit)
      givenSums.append(givenSums[givenSums.count - 1] + unit.given)
    }
  }

  /// Cuts the chain of tails into batches: full ones, but never larger than the batch size of any unit in them.
  private mutating func makePool(_ resolution: PlanResolution) {
    var unitOfLead: [GroupID: Int] = [:]
    for (index, unit) in units.enumerated() { unitOfLead[unit.lead] = index }
    var count: UInt64 = 0
    var limit = UInt64.max
    var end: UInt64 = 0
    for lead in resolution.poolOrder {
      guard let index = unitOfLead[resolution.groups[lead].id], units[index].pooled > 0 else { continue }
      var rest = units[index].pooled
      poolUnits.append(index)
      poolSums.append(poolSums[poolSums.count - 1] + rest)
      while rest > 0 {
        limit = min(limit, units[index].batchSize)
        if count < limit {
          let taken = min(rest, limit - count)
          count += taken
          end += taken
          rest -= taken
        }
        if count >= limit {
          poolBounds.append(end)
          count = 0
          limit = .max
        }
      }
    }
    if count > 0 { poolBounds.append(end) }
  }

  private mutating func makeBlocks(_ order: PlanConfiguration.Order) {
    blocks.reserveCapacity(units.count + poolBounds.count)
    for index in units.indices where units[index].batches > 0 { blocks.append(index) }
    for pooled in 0..<(poolBounds.count - 1) { blocks.append(units.count + pooled) }
    if order == .curriculum {
      let keyed = blocks.map { (mean: $0 < units.count ? units[$0].meanLength : poolMean($0 - units.count), block: $0) }
      blocks = keyed.sorted { ($0.mean, $0.block) < ($1.mean, $1.block) }.map(\.block)
    }
    batchSums.reserveCapacity(blocks.count + 1)
    var sum: UInt64 = 0
    for block in blocks {
      sum += block < units.count ? units[block].batches : 1
      batchSums.append(sum)
    }
  }

  /// Mean length of a pooled batch, from the means of its units.
  private func poolMean(_ pooled: Int) -> Double {
    let parts = poolParts(pooled)
    let sum = parts.reduce(0.0) { $0 + units[$1.unit].meanLength * Double($1.items.count) }
    return sum / Double(poolBounds[pooled + 1] - poolBounds[pooled])
  }

  /// The units in a pooled batch, with the items of each. Complexity: O(log groups + parts).
  func poolParts(_ pooled: Int) -> [(unit: Int, items: Range<UInt64>)] {
    var item = poolBounds[pooled]
    let end = poolBounds[pooled + 1]
    var entry = Sums.last(poolSums, notAbove: item)
    var parts: [(unit: Int, items: Range<UInt64>)] = []
    while item < end {
      let unit = poolUnits[entry]
      let next = min(end, poolSums[entry + 1])
      let offset = units[unit].batched
      parts.append((unit, offset + (item - poolSums[entry])..<offset + (next - poolSums[entry])))
      item = next
      entry += 1
    }
    return parts
  }

  /// The position of a unit's member. Complexity: O(log parts of the unit).
  func position(of member: UInt64, in unit: Unit) -> UInt64 {
    var low = unit.segments.lowerBound
    var high = unit.segments.upperBound
    while high - low > 1 {
      let middle = (low + high) / 2
      if segments[middle].member <= member { low = middle } else { high = middle }
    }
    return segments[low].position + (member - segments[low].member)
  }
}

/// The groups of each unit as linked lists: the lead, then those folded into it, in ascending index.
private struct Folds {
  /// Empty when nothing is folded, else the next group of the same unit, or -1.
  private var following: [Int] = []

  init(_ leads: [Int]) {
    guard leads.indices.contains(where: { leads[$0] != $0 }) else { return }
    following = [Int](repeating: -1, count: leads.count)
    // Backwards, each put right behind its lead.
    for index in leads.indices.reversed() where leads[index] != index {
      following[index] = following[leads[index]]
      following[leads[index]] = index
    }
  }

  func next(after index: Int) -> Int? {
    following.isEmpty || following[index] < 0 ? nil : following[index]
  }
}

/// Searching ascending sums.
enum Sums {
  /// The last index whose sum is not above `value`, among all but the last. Complexity: O(log n).
  /// - Precondition: at least two sums, the first is 0.
  static func last(_ sums: [UInt64], notAbove value: UInt64) -> Int {
    var low = 0
    var high = sums.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if sums[middle] <= value { low = middle } else { high = middle }
    }
    return low
  }
}
