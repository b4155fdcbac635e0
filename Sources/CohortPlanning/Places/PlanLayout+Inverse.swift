internal import CohortCore

/// From positions back to members, and from members' batches back to their place in the layout.
extension PlanLayout {
  /// The unit that a lead names, and which of its members is at a position; nil where there is no such member.
  /// - Complexity: O(log groups).
  func member(at position: UInt64, lead: GroupID) -> (unit: Int, member: UInt64)? {
    var low = 0
    var high = units.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if units[middle].lead <= lead { low = middle } else { high = middle }
    }
    guard low < units.count, units[low].lead == lead else { return nil }
    let parts = units[low].segments
    // The lead's own members come first, wherever they are; the positions of the others ascend behind them.
    let first = segments[parts.lowerBound]
    if position >= first.position, position - first.position < end(of: parts.lowerBound, in: units[low]) - first.member
    {
      return (low, first.member + (position - first.position))
    }
    var below = parts.lowerBound
    var above = parts.upperBound
    while above - below > 1 {
      let middle = (below + above) / 2
      if segments[middle].position <= position { below = middle } else { above = middle }
    }
    guard below > parts.lowerBound else { return nil }
    let member = segments[below].member + (position - segments[below].position)
    return member < end(of: below, in: units[low]) ? (low, member) : nil
  }

  /// The member behind the last one of a segment.
  private func end(of segment: Int, in unit: Unit) -> UInt64 {
    segment + 1 < unit.segments.upperBound ? segments[segment + 1].member : unit.count
  }

  /// The index of a block in `blocks`; nil when it has no batch.
  /// - Parameter isOrdered: whether blocks ascend, as they do in all orders but `curriculum`.
  /// - Complexity: O(log blocks) if they do, else O(blocks).
  func entry(of block: Int, isOrdered: Bool) -> Int? {
    guard isOrdered else { return blocks.firstIndex(of: block) }
    var low = 0
    var high = blocks.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if blocks[middle] <= block { low = middle } else { high = middle }
    }
    return low < blocks.count && blocks[low] == block ? low : nil
  }

  /// The pooled batch that an item of a unit's tail is in, and its place there; nil where the unit pools no such item.
  /// - Complexity: O(units that pool).
  func pooledItem(_ item: UInt64, of unit: Int) -> (pooled: Int, place: UInt64)? {
    guard let entry = poolUnits.firstIndex(of: unit), item < poolSums[entry + 1] - poolSums[entry] else { return nil }
    let pooled = Sums.last(poolBounds, notAbove: poolSums[entry] + item)
    return (pooled, poolSums[entry] + item - poolBounds[pooled])
  }
}
