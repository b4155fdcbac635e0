internal import CohortCore

/// In which order a unit gives its members in one epoch: a function from item `[0, given)` to member `[0, count)`.
///
/// ```
/// items   | pass 0: each member once | pass 1: each once | … | rest: members that are given once more |
///         0                        count                passes × count                              given
/// ```
///
/// - The default plan has one pass, and with `fill` a rest shorter than a batch.
/// - **Rest.** A lasting permutation of the unit's members is read turn by turn: epoch e takes `rest` of them from
///   `e × rest` on. So over the epochs every member is repeated equally often (numbers differ by at most one), and
///   repeats of one epoch are distinct. With `drop`, or a weight below 1, there is no pass and the rest is all: then
///   every member is given equally often over the epochs.
/// - **Passes.** One pass is a fresh permutation. Several passes (weights) over at least two batches of members give
///   first one half of the permutation, then the other, each freshly shuffled in each pass: a batch that straddles two
///   passes holds members of different halves. Several passes over fewer members repeat the same permutation, so that
///   any `count` consecutive items are distinct.
/// - **No duplicates.** The batch where the rest begins also holds the end of the last pass. Members of both are
///   swapped there with earlier ones (`swaps`). So no batch of a unit with at least a batch of members holds a member
///   twice.
///
/// Complexity: made in O(1) (O(256) for small units), an item in O(1). The batches concerned by swaps take
/// O(batch size · log batch size) more.
struct MemberOrder {
  private let count: UInt64
  private let batchSize: UInt64
  private let passes: UInt64
  private let rest: UInt64
  private let lead: GroupID
  private let seed: UInt64
  private let epoch: UInt64
  /// The epoch's permutation; nil when there is no pass.
  private let members: KeyedPermutation?
  private let lasting: KeyedPermutation?
  private let window: KeyedPermutation?
  /// Where in the lasting order this epoch's rest begins.
  private let turn: UInt64
  /// Members in the first half; nil when passes are not halved.
  private let half: UInt64?

  init(_ unit: Unit, seed: UInt64, epoch: UInt64) {
    count = unit.count
    batchSize = unit.batchSize
    passes = unit.given / unit.count
    rest = unit.given % unit.count
    lead = unit.lead
    self.seed = seed
    self.epoch = epoch
    members =
      passes > 0
      ? KeyedPermutation(count: count, key: PermutationKey.members(seed, epoch: epoch, lead: lead)) : nil
    if rest > 0 {
      lasting = KeyedPermutation(count: count, key: PermutationKey.lasting(seed, lead: lead))
      window = KeyedPermutation(count: rest, key: PermutationKey.window(seed, epoch: epoch, lead: lead))
    } else {
      lasting = nil
      window = nil
    }
    turn = Self.turn(epoch: epoch, rest: rest, count: count)
    half = passes > 1 && count >= 2 * batchSize ? count / 2 : nil
  }

  /// `epoch × rest mod count`.
  static func turn(epoch: UInt64, rest: UInt64, count: UInt64) -> UInt64 {
    let product = (epoch % count).multipliedFullWidth(by: rest)
    return count.dividingFullWidth(product).remainder
  }

  /// The members of some consecutive items of one batch.
  func append(_ items: Range<UInt64>, to result: inout [UInt64]) {
    let swaps = needsSwaps(items) ? findSwaps() : []
    let firstOfRest = passes * count
    var pass = items.lowerBound / count
    var shuffles = halfShuffles(pass)
    for item in items {
      if item >= firstOfRest {
        result.append(restMember(item - firstOfRest))
        continue
      }
      if item >= (pass + 1) * count {
        pass += 1
        shuffles = halfShuffles(pass)
      }
      var slot = item - pass * count
      // Without halves all passes share one order, so a swap concerns them all; with halves only the last.
      if !swaps.isEmpty, half == nil || pass == passes - 1 { slot = Self.swapped(slot, swaps) }
      result.append(passMember(slot, shuffles))
    }
  }

  /// The item of the first pass that gives a member, or nil when this epoch has no whole pass.
  func item(of member: UInt64) -> UInt64? {
    guard let members else { return nil }
    let slot = Self.slot(members.index(of: member), half: half, halfShuffles(0))
    return half == nil || passes == 1 ? Self.swapped(slot, findSwaps()) : slot
  }

  /// Calls `body` with every item of the epoch that gives a member, ascending: the inverse of `append`.
  /// - Complexity: O(1) an item, O(256) in small units; O(batch size · log batch size) once where swaps are possible.
  func forEachItem(of member: UInt64, _ body: (UInt64) -> Void) {
    if let members {
      let index = members.index(of: member)
      let swaps = findSwaps()
      for pass in 0..<passes {
        var slot = Self.slot(index, half: half, halfShuffles(pass))
        if half == nil || pass == passes - 1 { slot = Self.swapped(slot, swaps) }
        body(pass * count + slot)
      }
    }
    guard let lasting, let window else { return }
    let index = lasting.index(of: member)
    let place = index >= turn ? index - turn : index + count - turn
    if place < rest { body(passes * count + window.index(of: place)) }
  }

  // MARK: Passes

  private typealias Shuffles = (first: KeyedPermutation, second: KeyedPermutation)

  private func halfShuffles(_ pass: UInt64) -> Shuffles? {
    guard let half, pass < passes else { return nil }
    return (
      KeyedPermutation(
        count: half, key: PermutationKey.half(seed, epoch: epoch, lead: lead, pass: pass, second: false)),
      KeyedPermutation(
        count: count - half, key: PermutationKey.half(seed, epoch: epoch, lead: lead, pass: pass, second: true))
    )
  }

  private func passMember(_ slot: UInt64, _ shuffles: Shuffles?) -> UInt64 {
    guard let members else { return slot }
    guard let half, let shuffles else { return members[slot] }
    return members[slot < half ? shuffles.first[slot] : half + shuffles.second[slot - half]]
  }

  /// The slot of a pass at which an index of the epoch's permutation is read.
  private static func slot(_ index: UInt64, half: UInt64?, _ shuffles: Shuffles?) -> UInt64 {
    guard let half, let shuffles else { return index }
    return index < half ? shuffles.first.index(of: index) : half + shuffles.second.index(of: index - half)
  }

  // MARK: The rest

  private func restMember(_ item: UInt64) -> UInt64 {
    guard let lasting, let window else { return item % count }
    let index = turn + window[item]
    return lasting[index >= count ? index - count : index]
  }

  // MARK: Swaps

  /// Items of the last pass, and of the rest, that share a batch: (last ones of the pass, first ones of the rest).
  private var shared: (pass: UInt64, rest: UInt64)? {
    guard passes > 0, rest > 0, count >= batchSize else { return nil }
    let ofPass = passes * count % batchSize
    guard ofPass > 0 else { return nil }
    return (ofPass, min(rest, batchSize - ofPass))
  }

  /// Whether items lie where `findSwaps` may move something.
  private func needsSwaps(_ items: Range<UInt64>) -> Bool {
    guard let shared else { return false }
    if half == nil, passes > 1 { return true }
    let lastPass = (passes - 1) * count
    let targets = lastPass + (half ?? 0)..<lastPass + (half ?? 0) + shared.rest
    return items.overlaps(targets) || items.overlaps(lastPass + count - shared.pass..<lastPass + count)
  }

  /// Pairs of slots of the last pass to exchange, so that its end and the beginning of the rest have no member in
  /// common.
  ///
  /// With a the last items of the pass and b the first items of the rest in the shared batch, `a + b <= batch size`.
  /// The slots to swap with are taken in order from the beginning (of the second half, if passes are halved), leaving
  /// out those with a member of the b. At least a batch of slots is there, a of which are the end itself; so at least
  /// b remain, of which at most b less the number of conflicts are left out: there is one for each conflict.
  private func findSwaps() -> [(UInt64, UInt64)] {
    guard let shared, let members else { return [] }
    let shuffles = halfShuffles(passes - 1)
    let repeated = (0..<shared.rest).map { restMember($0) }
    let end = count - shared.pass
    let conflicts = repeated.map { Self.slot(members.index(of: $0), half: half, shuffles) }.filter { $0 >= end }
      .sorted()
    guard !conflicts.isEmpty else { return [] }
    let sorted = repeated.sorted()
    var target = half ?? 0
    var swaps: [(UInt64, UInt64)] = []
    for conflict in conflicts {
      while target < end, Self.contains(sorted, passMember(target, shuffles)) { target += 1 }
      guard target < end else { break }
      swaps.append((conflict, target))
      target += 1
    }
    return swaps
  }

  private static func swapped(_ slot: UInt64, _ swaps: [(UInt64, UInt64)]) -> UInt64 {
    for (a, b) in swaps {
      if slot == a { return b }
      if slot == b { return a }
    }
    return slot
  }

  private static func contains(_ sorted: [UInt64], _ value: UInt64) -> Bool {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && sorted[low] == value
  }
}
