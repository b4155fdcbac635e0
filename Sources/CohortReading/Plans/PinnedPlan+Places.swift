public import CohortCore
public import CohortPlanning
package import CohortStore

extension PinnedPlan {
  /// The position of a sample in the plan's membership; nil when the snapshot does not hold it.
  /// - Throws: `store.corrupted`.
  /// - Complexity: O(log samples) for a sample that is in the group that it was in then; else O(samples
  ///   of the snapshot, or of the selection that the plan stands on).
  public func position(of id: SampleID) throws -> UInt64? {
    try store.read { try position(of: id, $0) }
  }

  /// The same in a transaction that is open already.
  package func position(of id: SampleID, _ transaction: borrowing ReadTransaction) throws -> UInt64? {
    guard id.rawValue < (try transaction.counters.nextSample) else { return nil }
    if let members { return try transaction.position(of: id, in: members) }
    var likely = [GroupID.unassigned]
    if let today = try transaction.grouping(grouping.id) {
      likely.insert(GroupID(try transaction.uint32(today.groupColumn, id)), at: 0)
    }
    return try transaction.position(of: id, of: grouping.id, in: snapshot, likely: likely.compactMap(positions))
  }

  /// All places of an epoch at which a sample comes, in their order: none for one that is left out of the epoch, or not of
  /// the snapshot.
  /// - Complexity: that of `position(of:)` and `Plan.places(of:epoch:)`.
  public func places(of id: SampleID, epoch: UInt64) throws -> [PlanPlace] {
    try position(of: id).map { try plan.places(of: $0, epoch: epoch) } ?? []
  }

  /// The first place of an epoch at which a sample comes; nil when it does not.
  /// - Complexity: that of `position(of:)` and `Plan.firstPlace(of:epoch:)`.
  public func firstPlace(of id: SampleID, epoch: UInt64) throws -> PlanPlace? {
    try position(of: id).flatMap { try plan.firstPlace(of: $0, epoch: epoch) }
  }

  /// The positions of a group's members; nil for a group that the snapshot does not have.
  private func positions(of group: GroupID) -> Range<UInt64>? {
    var (low, high) = (0, plan.groups.count)
    while low < high {
      let middle = (low + high) / 2
      if plan.groups[middle].id < group { low = middle + 1 } else { high = middle }
    }
    guard low < plan.groups.count, plan.groups[low].id == group else { return nil }
    return plan.groups[low].offset..<(plan.groups[low].offset + plan.groups[low].size)
  }
}
