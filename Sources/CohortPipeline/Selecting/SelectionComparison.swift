public import CohortStore

/// How much two selections have in common.
public struct SelectionComparison: Hashable, Sendable {
  public var first: SelectionRecord
  public var second: SelectionRecord
  /// Samples that both have.
  public var common: UInt64
  /// Samples that two random draws of these sizes from the snapshot would share on average; nil for selections of different
  /// snapshots.
  public var expected: Double?
  /// Of the smaller number of samples, how many both have within as many first ones.
  public var commonBeginning: UInt64

  /// Samples that both have, of those that either has.
  public var jaccard: Double {
    let either = first.count + second.count - common
    return either == 0 ? 1 : Double(common) / Double(either)
  }

  /// - Throws: `store.unknown-selection`.
  /// - Complexity: O(samples of both).
  public static func run(_ store: Store, _ first: String, _ second: String) throws -> SelectionComparison {
    try store.read { transaction in
      let (a, b) = (try transaction.existingSelection(first), try transaction.existingSelection(second))
      let (mine, others) = (try transaction.ids(of: a), try transaction.ids(of: b))
      let known = Set(mine)
      let beginning = min(mine.count, others.count)
      let snapshot = a.snapshot == b.snapshot ? try transaction.snapshot(a.snapshot) : nil
      return SelectionComparison(
        first: a, second: b, common: UInt64(others.count { known.contains($0) }),
        expected: snapshot.map { Double(a.count) * Double(b.count) / Double(max($0.samples, 1)) },
        commonBeginning: UInt64(Set(mine.prefix(beginning)).intersection(others.prefix(beginning)).count))
    }
  }
}
