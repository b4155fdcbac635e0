public import CohortCore

extension ReadTransaction {
  /// Where in a snapshot's membership a sample is: the inverse of `ids(at:of:in:)`.
  /// - Parameters:
  ///   - likely: positions of groups that the sample may well be a member of, each range within one group.
  /// - Returns: nil when the snapshot does not hold it.
  /// - Throws: `store.corrupted`.
  /// - Complexity: O(log samples) for a sample in one of the likely groups, else O(samples of the snapshot).
  public func position(
    of id: SampleID, of grouping: GroupingID, in snapshot: SnapshotRecord, likely: [Range<UInt64>] = []
  ) throws -> UInt64? {
    for group in likely {
      if let found = try position(of: id, of: grouping, in: snapshot, among: group) { return found }
    }
    var first: UInt64 = 0
    var found: UInt64?
    try forEachPiece(of: grouping, in: snapshot) { ids in
      if let index = ids.firstIndex(of: id) { found = first + UInt64(index) }
      first += UInt64(ids.count)
      return found == nil
    }
    return found
  }

  /// Within a group ids ascend.
  private func position(
    of id: SampleID, of grouping: GroupingID, in snapshot: SnapshotRecord, among group: Range<UInt64>
  ) throws -> UInt64? {
    var (low, high) = (group.lowerBound, min(group.upperBound, snapshot.samples))
    while low < high {
      let middle = low + (high - low) / 2
      guard let here = try ids(at: CollectionOfOne(middle), of: grouping, in: snapshot).first else { return nil }
      if here == id { return middle }
      if here < id { low = middle + 1 } else { high = middle }
    }
    return nil
  }
}
