internal import CohortCore

extension ReadTransaction {
  /// All samples of a snapshot, whatever became of them since.
  /// - Throws: `store.corrupted`.
  /// - Complexity: O(samples of the snapshot); a bit for each id of the store.
  public func samples(of snapshot: SnapshotRecord) throws -> SampleSet {
    guard let grouping = snapshot.groupings.first else { throw CohortError.snapshotWithoutGrouping(snapshot.name) }
    var set = SampleSet([])
    try forEachPiece(of: grouping.id, in: snapshot) { ids in
      set.insert(ids)
      return true
    }
    return set
  }

  /// Lists samples that were not deleted, ascending.
  /// - Parameters:
  ///   - first: the first id that is looked at.
  ///   - set: leave out all others; nil to leave out none.
  ///   - out: gets as many ids as it has room for.
  /// - Returns: how many there are in `out`; 0 when no sample is left.
  /// - Throws: `store.corrupted`.
  /// - Complexity: O(ids looked at).
  public func liveSamples(
    from first: UInt64, of set: SampleSet? = nil, into out: UnsafeMutableBufferPointer<UInt64>
  ) throws -> Int {
    var count = 0
    guard out.count > 0 else { return 0 }
    try forEachBlock(of: [], in: first..<UInt64.max) { block in
      for row in 0..<block.count where !block.isDeleted(row) {
        let id = block.first + UInt64(row)
        if set?.contains(id) == false { continue }
        out[count] = id
        count += 1
        if count == out.count { return false }
      }
      return true
    }
    return count
  }
}
