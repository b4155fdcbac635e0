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

  /// The slot of an epoch at which a batch comes: the inverse.
  /// - Complexity: as `batch(at:epoch:)`; O(256) with few blocks or batches.
  func slot(of batch: UInt64, epoch: UInt64) -> UInt64 {
    switch order {
    case .shuffled:
      return KeyedPermutation(count: batches, key: PermutationKey.slots(seed, epoch: epoch)).index(of: batch)
    case .curriculum:
      return batch
    case .roundRobin:
      guard let turns else { return batch }
      let block = Sums.last(sums, notAbove: batch)
      return turns.slot(of: block, batches: sums[block + 1] - sums[block], round: batch - sums[block]) { active in
        KeyedPermutation(count: active, key: PermutationKey.turns(seed, epoch: epoch, active: active))
      }
    case .blocked:
      guard let cache else { return batch }
      let block = Sums.last(sums, notAbove: batch)
      let (_, starts) = cache.order(epoch) { blockOrder(epoch) }
      let entry = blockPermutation(epoch).index(of: UInt64(block))
      return starts[Int(entry)] + (batch - sums[block])
    }
  }

  private func blockPermutation(_ epoch: UInt64) -> KeyedPermutation {
    KeyedPermutation(count: UInt64(sums.count - 1), key: PermutationKey.blocks(seed, epoch: epoch))
  }

  private func blockOrder(_ epoch: UInt64) -> (blocks: [Int], starts: [UInt64]) {
    let count = sums.count - 1
    let permutation = blockPermutation(epoch)
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

  /// The slot at which a block's turn comes in a round: the inverse.
  /// - Parameters:
  ///   - batches: how many batches the block has; more than `round`.
  ///   - permutation: as for `turn(at:_:)`.
  /// - Complexity: O(log blocks).
  func slot(
    of block: Int, batches: UInt64, round: UInt64, _ permutation: (UInt64) -> KeyedPermutation
  ) -> UInt64 {
    let place = Self.firstIndex(below: blocks.count) { (counts[$0], blocks[$0]) >= (batches, block) }
    let entry = Self.firstIndex(below: counts.count) { counts[$0] > round }
    let active = UInt64(counts.count - entry)
    let before = entry == 0 ? 0 : counts[entry - 1]
    return starts[entry] + (round - before) * active + permutation(active).index(of: UInt64(place - entry))
  }

  /// The first index for which something holds that holds for all behind it, too; `count` if there is none.
  private static func firstIndex(below count: Int, where holds: (Int) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
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
