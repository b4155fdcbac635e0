/// Where a phrase comes: the samples, ascending, and how often in each.
package struct Postings: Hashable, Sendable {
  package private(set) var ids: [UInt64] = []
  package private(set) var counts: [UInt32] = []

  package init() {}

  /// - Parameter id: greater than the last one.
  package mutating func append(_ id: UInt64, count: UInt32) {
    ids.append(id)
    counts.append(count)
  }

  package mutating func reserve(_ count: Int) {
    ids.reserveCapacity(count)
    counts.reserveCapacity(count)
  }

  /// Those of some samples, which ascend.
  func among(_ wanted: [UInt64]) -> Postings {
    var kept = Postings()
    var at = 0
    for (id, count) in zip(ids, counts) {
      while at < wanted.count, wanted[at] < id { at += 1 }
      guard at < wanted.count else { break }
      if wanted[at] == id { kept.append(id, count: count) }
    }
    return kept
  }
}

/// Sets of ids that ascend.
enum AscendingIDs {
  static func union(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
    guard !a.isEmpty else { return b }
    guard !b.isEmpty else { return a }
    var both: [UInt64] = []
    both.reserveCapacity(a.count + b.count)
    var (i, j) = (0, 0)
    while i < a.count || j < b.count {
      if j == b.count || i < a.count && a[i] < b[j] {
        both.append(a[i])
        i += 1
      } else {
        if i < a.count, a[i] == b[j] { i += 1 }
        both.append(b[j])
        j += 1
      }
    }
    return both
  }

  static func intersection(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
    var (common, i, j): ([UInt64], Int, Int) = ([], 0, 0)
    while i < a.count, j < b.count {
      if a[i] == b[j] {
        common.append(a[i])
        i += 1
        j += 1
      } else if a[i] < b[j] {
        i += 1
      } else {
        j += 1
      }
    }
    return common
  }

  static func difference(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
    var j = 0
    return a.filter { id in
      while j < b.count, b[j] < id { j += 1 }
      return j == b.count || b[j] != id
    }
  }
}
