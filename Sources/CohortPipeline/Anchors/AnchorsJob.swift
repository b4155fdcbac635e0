internal import CohortClustering
internal import CohortCore
public import CohortEmbedding
public import CohortStore

/// Makes groupings by labelled anchors.
public enum AnchorsJob {
  /// The cosine from which on a sample counts as leaked when nobody says otherwise.
  public static let usualLeakage: Float = 0.98

  /// What a grouping was created with.
  public struct Report: Sendable {
    /// The new grouping's record; it has no groups before its first round.
    public var grouping: GroupingRecord
    /// The distinct labels of the anchors.
    public var labels: [String]
  }

  /// Reads anchors, and creates a grouping by them. The anchors are kept in the store; the file is not needed any more.
  /// - Parameters:
  ///   - path: JSON lines `{"label": …, "vector": […]}` or `{"label": …, "text": …}`; or `X.npy` with one label a line in
  ///     `X.labels.txt` or `X.labels.jsonl`.
  ///   - votes: how many nearest anchors vote on a sample's label.
  ///   - encoder: makes vectors of texts; nil where there is none.
  /// - Throws: with file and line for whatever cannot be an anchor; `store.unknown-embedding-space`,
  ///   `store.grouping-exists`.
  public static func create(
    _ store: Store, name: String, space: String, anchors path: String, votes: Int = 1, leakage: Float = usualLeakage,
    encoder: (any TextEncoder)? = nil
  ) throws -> Report {
    let space = try SpaceJob.chosen(store, named: space)
    let (draft, anchors) = try draft(space, anchors: path, votes: votes, leakage: leakage, encoder: encoder)
    return Report(grouping: try draft.create(in: store, name: name), labels: anchors.labels)
  }

  static func draft(
    _ space: EmbeddingSpace, anchors path: String, votes: Int, leakage: Float, encoder: (any TextEncoder)?
  ) throws -> (draft: GroupingDraft, anchors: AnchorSet) {
    let anchors = try AnchorFile(path: path, space: space, encoder: encoder).read()
    var draft = GroupingDraft(
      GroupingDefinition(
        criterion: .anchors(
          AnchorsKind(space: space.name, votes: votes, leakage: leakage, set: anchors.digest))))
    // Refuses what the engine would refuse at its first round.
    _ = try GroupingState(definition: draft.definition, dimension: space.dimension, anchors: anchors)
    draft.material = anchors.encoded
    draft.fields = [
      GroupingField("anchors", .number(UInt64(anchors.count))),
      GroupingField("labels", .number(UInt64(anchors.labels.count))),
      GroupingField("leakage", .real(Double(leakage))),
    ]
    return (draft, anchors)
  }
}
