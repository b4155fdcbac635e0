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
    public var grouping: GroupingRecord
    public var anchors: Int
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
    let space = try store.read { transaction in
      guard let found = try transaction.space(named: space) else {
        throw CohortError.unknown("embedding-space", space, known: try transaction.spaces().map(\.name))
      }
      return found
    }
    let anchors = try AnchorFile(path: path, space: space, encoder: encoder).read()
    let definition = GroupingDefinition(
      criterion: .anchors(
        GroupingDefinition.Anchors(space: space.name, votes: votes, leakage: leakage, set: anchors.digest)))
    // Refuses what the engine would refuse at its first round.
    _ = try GroupingState(definition: definition, dimension: space.dimension, anchors: anchors)
    let record = try store.write {
      try $0.createGrouping(name: name, definition: definition, material: anchors.encoded)
    }
    return Report(grouping: record, anchors: anchors.count, labels: anchors.labels)
  }
}
