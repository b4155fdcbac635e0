internal import CohortCore

extension Plan {
  /// Computes one step, without any other.
  ///
  /// Complexity: O(log groups + batch size) for grouped epochs, O(batch size · log groups) for `random` ones. With the
  /// order `blocked` the first step of another epoch takes O(groups).
  /// - Throws: `planning.no-such-step` for a step the epoch does not have.
  public func step(epoch: UInt64, step: UInt64) throws -> PlannedStep {
    guard step < stepsPerEpoch else {
      throw CohortError(
        .planningNoSuchStep, "there is no step \(step) in an epoch of \(stepsPerEpoch) steps", place: "epoch \(epoch)")
    }
    return computedStep(kind(ofEpoch: epoch), epoch: epoch, step: step)
  }

  /// The step as it is, or would be, if the epoch is of a kind.
  func computedStep(_ kind: PlanConfiguration.EpochKind, epoch: UInt64, step: UInt64) -> PlannedStep {
    switch kind {
    case .grouped: groupedStep(epoch: epoch, step: step)
    case .random: randomStep(epoch: epoch, step: step)
    }
  }

  // MARK: Grouped

  private func groupedStep(epoch: UInt64, step: UInt64) -> PlannedStep {
    let batch = batch(at: step, epoch: epoch)
    let entry = Sums.last(layout.batchSums, notAbove: batch)
    let block = layout.blocks[entry]
    guard block < layout.units.count else { return pooledStep(block - layout.units.count, epoch: epoch, step: step) }
    let unit = layout.units[block]
    let first = (batch - layout.batchSums[entry]) * unit.batchSize
    let positions = positions(first..<min(first + unit.batchSize, unit.batched), of: unit, epoch: epoch)
    return PlannedStep(epoch: epoch, step: step, group: unit.lead, positions: positions, isMixed: false)
  }

  /// The batch at a slot, with the longest one first where that is asked for.
  private func batch(at slot: UInt64, epoch: UInt64) -> UInt64 {
    let batch = sequence.batch(at: slot, epoch: epoch)
    guard let longest = longestBatch(epoch: epoch) else { return batch }
    if slot == 0 { return longest }
    return batch == longest ? sequence.batch(at: 0, epoch: epoch) : batch
  }

  /// With `longestFirst`, the batch that changes places with the one that the order puts first.
  func longestBatch(epoch: UInt64) -> UInt64? {
    guard let longest else { return nil }
    let unit = layout.units[longest.unit]
    let order = MemberOrder(unit, seed: configuration.seed, epoch: epoch)
    // The pool may have that member; then any batch of its unit stands in.
    let item = unit.longestMember.flatMap { order.item(of: $0) } ?? 0
    return longest.firstBatch + (item < unit.batched ? item / unit.batchSize : 0)
  }

  private func positions(_ items: Range<UInt64>, of unit: Unit, epoch: UInt64) -> [UInt64] {
    var result: [UInt64] = []
    result.reserveCapacity(Int(items.upperBound - items.lowerBound))
    MemberOrder(unit, seed: configuration.seed, epoch: epoch).append(items, to: &result)
    for i in result.indices { result[i] = layout.position(of: result[i], in: unit) }
    return result
  }

  private func pooledStep(_ pooled: Int, epoch: UInt64, step: UInt64) -> PlannedStep {
    var positions: [UInt64] = []
    let parts = layout.poolParts(pooled)
    for part in parts {
      positions += self.positions(part.items, of: layout.units[part.unit], epoch: epoch)
    }
    let most = parts.max { ($0.items.count, $1.unit) < ($1.items.count, $0.unit) }
    return PlannedStep(
      epoch: epoch, step: step, group: most.map { layout.units[$0.unit].lead } ?? .unassigned, positions: positions,
      isMixed: parts.count > 1)
  }

  // MARK: Random

  /// The samples of the grouped epoch, shuffled as a whole and cut into as many, even steps.
  private func randomStep(epoch: UInt64, step: UInt64) -> PlannedStep {
    let samples = samplesPerEpoch
    let order = KeyedPermutation(count: samples, key: PermutationKey.random(configuration.seed, epoch: epoch))
    let slot = randomSlot(step, order, epoch: epoch)
    let items = randomBound(slot)..<randomBound(slot + 1)
    var positions: [UInt64] = []
    positions.reserveCapacity(Int(items.upperBound - items.lowerBound))
    for item in items {
      let sample = order[item]
      let index = Sums.last(layout.givenSums, notAbove: sample)
      let unit = layout.units[index]
      let member = randomMember(sample - layout.givenSums[index], of: unit, epoch: epoch)
      positions.append(layout.position(of: member, in: unit))
    }
    let only = layout.onlyGroup
    return PlannedStep(
      epoch: epoch, step: step, group: only ?? .unassigned, positions: positions, isMixed: only == nil)
  }

  /// The first item of a slot: `samples × slot / steps`.
  func randomBound(_ slot: UInt64) -> UInt64 {
    stepsPerEpoch.dividingFullWidth(samplesPerEpoch.multipliedFullWidth(by: slot)).quotient
  }

  /// The member that an item of a unit stands for. The same members as `MemberOrder` gives in the epoch, in another
  /// order: the shuffle over all samples makes the order within the unit meaningless.
  private func randomMember(_ item: UInt64, of unit: Unit, epoch: UInt64) -> UInt64 {
    let rest = unit.given % unit.count
    let passed = unit.given - rest
    if item < passed { return item % unit.count }
    let lasting = KeyedPermutation(
      count: unit.count, key: PermutationKey.lasting(configuration.seed, lead: unit.lead))
    let turn = MemberOrder.turn(epoch: epoch, rest: rest, count: unit.count)
    let index = turn + (item - passed)
    return lasting[index >= unit.count ? index - unit.count : index]
  }

  /// With `longestFirst`, the step with the longest sample changes places with the first. Its own inverse.
  func randomSlot(_ step: UInt64, _ order: KeyedPermutation, epoch: UInt64) -> UInt64 {
    guard let longest else { return step }
    let unit = layout.units[longest.unit]
    guard let member = unit.longestMember, unit.given >= unit.count else { return step }
    let slot = randomSlot(ofItem: order.index(of: layout.givenSums[longest.unit] + member))
    if step == 0 { return slot }
    return step == slot ? 0 : step
  }

  /// The slot s with bound(s) <= item < bound(s + 1).
  func randomSlot(ofItem item: UInt64) -> UInt64 {
    var slot = samplesPerEpoch.dividingFullWidth(stepsPerEpoch.multipliedFullWidth(by: item)).quotient
    while randomBound(slot + 1) <= item { slot += 1 }
    return slot
  }
}
