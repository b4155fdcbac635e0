internal import CohortClustering
internal import CohortCore
internal import CohortStore

extension SourceKind: FeedKind {
  static func draft(
    _ argument: String, _ choices: GroupingChoices, _ context: borrowing GroupingDraft.Context
  ) throws -> GroupingDraft {
    GroupingDraft(GroupingDefinition(criterion: .source))
  }

  func changes(erasedLabelsFrom grouping: GroupingRecord?) -> any ChangeSource { SourceChanges() }
}

/// Changes with the names of the samples' sources.
private struct SourceChanges: ChangeSource {
  private var names: [SourceID: String] = [:]

  mutating func records(_ feed: [FeedRecord], _ transaction: borrowing ReadTransaction) throws -> [ChangeRecord] {
    // Engines find the group of a deleted sample in the assignments.
    try feed.changes {
      .label(try name(SourceID(try transaction.uint32(Column.source, $0)), transaction))
    } removed: { _ in
      .label(nil)
    }
  }

  private mutating func name(_ source: SourceID, _ transaction: borrowing ReadTransaction) throws -> String? {
    if let known = names[source] { return known }
    let name = try transaction.source(source)?.name
    if let name { names[source] = name }
    return name
  }
}
