public import CohortCore
public import CohortStore

/// Samples that lie so near to an anchor that one was likely made of the other.
public enum Leakage {
  /// One such sample.
  public struct Sample: Hashable, Sendable {
    public var id: SampleID
    public var group: GroupID
    /// With its nearest anchor, which need not be of its group when several vote.
    public var cosine: Double
  }

  /// Calls `body` with the samples whose cosine with their nearest anchor is at least `threshold`, ascending by id.
  /// - Parameter threshold: nil for the one that the grouping was created with.
  /// - Throws: `pipeline.no-anchors` for a grouping of another kind.
  /// - Complexity: one scan of the grouping's two columns.
  public static func forEach(
    _ store: Store, grouping name: String, threshold: Float? = nil, _ body: (Sample) throws -> Void
  ) throws {
    try store.read { transaction in
      let grouping = try transaction.existingGrouping(name)
      guard let usual = grouping.definition.criterion.leakageBound else {
        throw CohortError(
          .pipelineNoAnchors, "Grouping \"\(name)\" is not one by anchors",
          hint: "Only a grouping made with --by anchors knows of leakage")
      }
      let bound = threshold.map(AnchorsKind.squaredDistance) ?? usual
      try transaction.forEachChunk(grouping.distanceColumn) { distances in
        try transaction.withChunk(Column.tombstone, of: distances.firstRow) { deleted in
          try transaction.withChunk(grouping.groupColumn, of: distances.firstRow) { groups in
            for index in 0..<distances.count {
              let distance = distances.float32(index).magnitude
              guard distance <= bound, let groups, index < groups.count,
                groups.uint32(index) != GroupID.unassigned.rawValue
              else { continue }
              if let deleted, index < deleted.count, deleted.uint8(index) != 0 { continue }
              try body(
                Sample(
                  id: SampleID(distances.firstRow + UInt64(index)), group: GroupID(groups.uint32(index)),
                  cosine: 1 - Double(distance) / 2))
            }
          }
        }
        return true
      }
    }
  }
}
