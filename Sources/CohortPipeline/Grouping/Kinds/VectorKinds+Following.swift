internal import CohortClustering
internal import CohortCore
internal import CohortStore

extension EmbeddingKind: FeedKind {
  static func draft(
    _ argument: String, _ choices: GroupingChoices, _ context: borrowing GroupingDraft.Context
  ) throws -> GroupingDraft {
    GroupingDraft(
      GroupingDefinition(
        criterion: .embedding(space: try SpaceJob.chosen(context.store, named: choices.space).name),
        granularity: choices.groups.map { .groups($0) } ?? choices.groupSize.map { .groupSize($0) } ?? .automatic,
        isBalanced: choices.isBalanced))
  }

  func changes(erasedLabelsFrom grouping: GroupingRecord?) -> any ChangeSource { VectorChanges() }
}

extension AnchorsKind: FeedKind {
  static func draft(
    _ argument: String, _ choices: GroupingChoices, _ context: borrowing GroupingDraft.Context
  ) throws -> GroupingDraft {
    guard let path = choices.anchors else {
      throw CohortError(.pipelineAnchors, "A grouping by anchors needs its anchors", hint: "Give a file of them")
    }
    let space = try SpaceJob.chosen(context.store, named: choices.space)
    return try AnchorsJob.draft(
      space, anchors: path, votes: choices.votes ?? 1, leakage: choices.leakage ?? AnchorsJob.usualLeakage,
      // Anchors may be texts.
      encoder: path.hasSuffix(".npy") ? nil : try context.encoder(space)
    ).draft
  }

  func changes(erasedLabelsFrom grouping: GroupingRecord?) -> any ChangeSource { VectorChanges() }
}

/// Changes of samples whose vectors the engine reads itself.
private struct VectorChanges: ChangeSource {
  mutating func records(_ feed: [FeedRecord], _ transaction: borrowing ReadTransaction) throws -> [ChangeRecord] {
    feed.changes { _ in
      .vector
    } removed: { _ in
      .vector
    }
  }
}
