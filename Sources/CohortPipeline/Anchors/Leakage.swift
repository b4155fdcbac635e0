public import CohortCore
public import CohortStore

/// Samples that lie so near to an anchor that one was likely made of the other.
public enum Leakage {
  /// One such sample.
  public struct Sample: Hashable, Sendable {
    /// The sample that lies near an anchor.
    public var id: SampleID
    /// The group that the anchors' vote gave it.
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
      try transaction.forEachBlock(of: [grouping.groupColumn, grouping.distanceColumn]) { block in
        for row in 0..<block.count {
          let (group, distance) = (GroupID(block.uint32(0, row)), block.float32(1, row).magnitude)
          guard distance <= bound, group != .unassigned, !block.isDeleted(row) else { continue }
          try body(Sample(id: block.id(row), group: group, cosine: 1 - Double(distance) / 2))
        }
        return true
      }
    }
  }
}
