internal import CohortSystem

/// In which order the batches of grouped epochs come: a bijection from slot to batch for each epoch.
///
/// Complexity: O(log blocks) a slot; `blocked` needs O(blocks) once for each epoch, which is kept until another epoch is
/// asked for.
struct BatchSequence: Sendable {
  private let order: PlanConfiguration.Order
  private let seed: UInt64
  private let batches: UInt64
  private let sums: [UInt64]
  private let turns: Turns?
  private let cache: BlockCache?

  init(_ layout: PlanLayout, order: PlanConfiguration.Order, seed: UInt64) {
    self.order = order
    self.seed = seed
    batches = layout.batches
    sums = layout.batchSums
    turns = order == .roundRobin ? Turns(layout.batchSums) : nil
    cache = order == .blocked ? BlockCache() : nil
  }

  /// The number of the batch, through the layout's blocks, that comes at a slot of an epoch.
  func batch(at slot: UInt64, epoch: UInt64) -> UInt64 {
    switch order {
    case .shuffled:
      return KeyedPermutation(count: batches, key: PermutationKey.slots(seed, epoch: epoch))[slot]
    case .curriculum:
      return slot
    case .roundRobin:
      guard let turns else { return slot }
      let (block, round) = turns.turn(at: slot) { active in
        KeyedPermutation(count: active, key: PermutationKey.turns(seed, epoch: epoch, active: active))
      }
      return sums[block] + round
    case .blocked:
      guard let cache else { return slot }
      let (blocks, starts) = cache.order(epoch) { blockOrder(epoch) }
      let entry = Sums.last(starts, notAbove: slot)
      return sums[blocks[entry]] + (slot - starts[entry])
    }
  }

  private func blockOrder(_ epoch: UInt64) -> (blocks: [Int], starts: [UInt64]) {
    let count = sums.count - 1
    let permutation = KeyedPermutation(count: UInt64(count), key: PermutationKey.blocks(seed, epoch: epoch))
    var blocks: [Int] = []
    var starts: [UInt64] = [0]
    blocks.reserveCapacity(count)
    starts.reserveCapacity(count + 1)
    for entry in 0..<count {
      let block = Int(permutation[UInt64(entry)])
      blocks.append(block)
      starts.append(starts[entry] + sums[block + 1] - sums[block])
    }
    return (blocks, starts)
  }
}

/// Round robin by arithmetic. With the blocks sorted by their number of batches, all blocks from the j-th on take part
/// in the rounds between the (j-1)-th and the j-th block's number of batches.
struct Turns: Sendable {
  /// Blocks in ascending number of batches.
  private let blocks: [Int]
  /// Their batches.
  private let counts: [UInt64]
  /// Slots before the rounds in which block j is the smallest that takes part; one more than blocks.
  private var starts: [UInt64] = [0]

  init(_ sums: [UInt64]) {
    let sizes = zip(sums.dropFirst(), sums).map { $0 - $1 }
    let order = sizes.indices.sorted { (sizes[$0], $0) < (sizes[$1], $1) }
    blocks = order
    counts = order.map { sizes[$0] }
    var before: UInt64 = 0
    for (entry, count) in counts.enumerated() {
      starts.append(starts[entry] + (count - before) * UInt64(counts.count - entry))
      before = count
    }
  }

  /// Whose turn it is, and which of its batches comes.
  /// - Parameter permutation: the order of turns among that many blocks.
  func turn(at slot: UInt64, _ permutation: (UInt64) -> KeyedPermutation) -> (block: Int, round: UInt64) {
    let entry = Sums.last(starts, notAbove: slot)
    let active = UInt64(counts.count - entry)
    let (rounds, place) = (slot - starts[entry]).quotientAndRemainder(dividingBy: active)
    let before = entry == 0 ? 0 : counts[entry - 1]
    return (blocks[entry + Int(permutation(active)[place])], before + rounds)
  }
}

/// The last order of blocks that was asked for.
final class BlockCache: Sendable {
  private struct Entry {
    var epoch: UInt64
    var blocks: [Int]
    var starts: [UInt64]
  }

  private let entry = Locked<Entry?>(nil)

  func order(
    _ epoch: UInt64, _ make: () -> (blocks: [Int], starts: [UInt64])
  ) -> (blocks: [Int], starts: [UInt64]) {
    if let found = entry.withLock({ $0?.epoch == epoch ? $0 : nil }) { return (found.blocks, found.starts) }
    let made = make()
    entry.withLock { $0 = Entry(epoch: epoch, blocks: made.blocks, starts: made.starts) }
    return made
  }
}
