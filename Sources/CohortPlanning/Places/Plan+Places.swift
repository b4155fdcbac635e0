internal import CohortCore

/// The inverse of `step(epoch:step:)`: at which steps a position comes, without a look at any step.
extension Plan {
  /// All places of an epoch at which a position comes, in their order. None for members that the tail policy or a weight
  /// leaves out of the epoch; several for those that are repeated.
  /// - Complexity: O(log groups) a place; O(groups) with pooled tails and with the orders `curriculum` and `blocked`.
  /// - Throws: `planning.no-such-position`.
  public func places(of position: UInt64, epoch: UInt64) throws -> [PlanPlace] {
    var places: [PlanPlace] = []
    try forEachPlace(of: position, epoch: epoch) { places.append($0) }
    return places.sorted()
  }

  /// The first place of an epoch at which a position comes; nil when it does not.
  /// - Complexity: as `places(of:epoch:)`.
  /// - Throws: `planning.no-such-position`.
  public func firstPlace(of position: UInt64, epoch: UInt64) throws -> PlanPlace? {
    var first: PlanPlace?
    try forEachPlace(of: position, epoch: epoch) { first = min(first ?? $0, $0) }
    return first
  }

  private func forEachPlace(of position: UInt64, epoch: UInt64, _ body: (PlanPlace) -> Void) throws {
    let group = try groupIndex(ofPosition: position)
    guard let (unit, member) = layout.member(at: position, lead: groups[resolution.leads[group]].id) else { return }
    switch kind(ofEpoch: epoch) {
    case .grouped: forEachGroupedPlace(of: member, unit: unit, epoch: epoch, body)
    case .random: forEachRandomPlace(of: member, unit: unit, epoch: epoch, body)
    }
  }

  // MARK: Grouped

  private func forEachGroupedPlace(of member: UInt64, unit index: Int, epoch: UInt64, _ body: (PlanPlace) -> Void) {
    let unit = layout.units[index]
    let longest = longestBatch(epoch: epoch)
    var isOrdered: Bool { configuration.order != .curriculum }
    MemberOrder(unit, seed: configuration.seed, epoch: epoch).forEachItem(of: member) { item in
      let block: Int
      let (batch, place): (UInt64, UInt64)
      if item < unit.batched {
        block = index
        (batch, place) = item.quotientAndRemainder(dividingBy: unit.batchSize)
      } else {
        guard let (pooled, item) = layout.pooledItem(item - unit.batched, of: index) else { return }
        block = layout.units.count + pooled
        (batch, place) = (0, item)
      }
      guard let entry = layout.entry(of: block, isOrdered: isOrdered) else { return }
      body(PlanPlace(step: slot(of: layout.batchSums[entry] + batch, longest: longest, epoch: epoch), index: place))
    }
  }

  /// The slot of a batch: that of the longest one is 0, and the batch that would be there has its slot.
  private func slot(of batch: UInt64, longest: UInt64?, epoch: UInt64) -> UInt64 {
    guard let longest else { return sequence.slot(of: batch, epoch: epoch) }
    if batch == longest { return 0 }
    let displaced = sequence.batch(at: 0, epoch: epoch)
    return sequence.slot(of: batch == displaced ? longest : batch, epoch: epoch)
  }

  // MARK: Random

  private func forEachRandomPlace(of member: UInt64, unit index: Int, epoch: UInt64, _ body: (PlanPlace) -> Void) {
    let order = KeyedPermutation(
      count: samplesPerEpoch, key: PermutationKey.random(configuration.seed, epoch: epoch))
    forEachRandomItem(of: member, unit: layout.units[index], epoch: epoch) { item in
      let shuffled = order.index(of: layout.givenSums[index] + item)
      let slot = randomSlot(ofItem: shuffled)
      body(PlanPlace(step: randomSlot(slot, order, epoch: epoch), index: shuffled - randomBound(slot)))
    }
  }

  /// The items of a unit that stand for a member in a random epoch: the inverse of `randomMember`.
  private func forEachRandomItem(of member: UInt64, unit: Unit, epoch: UInt64, _ body: (UInt64) -> Void) {
    let (passes, rest) = unit.given.quotientAndRemainder(dividingBy: unit.count)
    for pass in 0..<passes { body(pass * unit.count + member) }
    guard rest > 0 else { return }
    let lasting = KeyedPermutation(
      count: unit.count, key: PermutationKey.lasting(configuration.seed, lead: unit.lead))
    let turn = MemberOrder.turn(epoch: epoch, rest: rest, count: unit.count)
    let index = lasting.index(of: member)
    let place = index >= turn ? index - turn : index + unit.count - turn
    if place < rest { body(passes * unit.count + place) }
  }
}

extension Plan {
  /// The most samples that a step of any epoch has. Complexity: O(groups).
  public var largestStep: UInt64 {
    let kinds = configuration.phases.isEmpty ? [.grouped] : configuration.phases.map(\.kind)
    var largest: UInt64 = 0
    if kinds.contains(.grouped) {
      for unit in layout.units where unit.batches > 0 { largest = max(largest, min(unit.batched, unit.batchSize)) }
      for (start, end) in zip(layout.poolBounds, layout.poolBounds.dropFirst()) { largest = max(largest, end - start) }
    }
    if kinds.contains(.random) {
      let (size, larger) = samplesPerEpoch.quotientAndRemainder(dividingBy: stepsPerEpoch)
      largest = max(largest, size + (larger > 0 ? 1 : 0))
    }
    return largest
  }
}
