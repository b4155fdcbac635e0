internal import CohortCore

/// How many members a group of a balanced grouping may have.
struct SizeBounds: Sendable {
  /// A quarter of the size aimed at, and four times it.
  let low: UInt64
  let high: UInt64
  /// Repairs fill a group no further than this, three times the size aimed at: so new samples do not divide it at once.
  let intake: UInt64

  /// - Parameter size: members aimed at, as `members / groups`.
  init(members: UInt64, groups: UInt64) {
    let groups = max(groups, 1)
    low = (members + 4 * groups - 1) / (4 * groups)
    high = max(4 * members / groups, 1)
    intake = max(3 * members / groups, 1)
  }

  /// Whether the halves of a group of `count` members are both likely to stay above the lower bound.
  func admits(_ halves: TwoMeans.Halves, of count: UInt64) -> Bool {
    Double(count) * halves.share >= 2 * Double(low)
  }
}

extension EmbeddingGroups {
  /// Nil unless the grouping is balanced.
  var sizeBounds: SizeBounds? {
    guard isBalanced else { return nil }
    switch granularity {
    case .groupSize(let size): return SizeBounds(members: UInt64(size), groups: 1)
    case .groups, .automatic: return SizeBounds(members: total, groups: UInt64(targetCount(total)))
    }
  }
}
