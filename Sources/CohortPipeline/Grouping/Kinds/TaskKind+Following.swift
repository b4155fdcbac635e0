internal import CohortClustering
internal import CohortCore
internal import CohortStore

extension TaskKind: FeedKind {
  static func draft(
    _ argument: String, _ choices: GroupingChoices, _ context: borrowing GroupingDraft.Context
  ) throws -> GroupingDraft {
    GroupingDraft(GroupingDefinition(criterion: .task))
  }

  func changes(erasedLabelsFrom grouping: GroupingRecord?) -> any ChangeSource { TaskChanges() }
}

/// Changes with the names of the tasks that the samples had then.
private struct TaskChanges: ChangeSource {
  private var names: [TaskID: String] = [:]

  mutating func records(_ feed: [FeedRecord], _ transaction: borrowing ReadTransaction) throws -> [ChangeRecord] {
    // Engines find the group of a deleted sample in the assignments.
    try feed.changes {
      .label(try name(transaction.task(of: $0, after: nil), transaction))
    } removed: { _ in
      .label(nil)
    } relabelled: {
      .label(try name(transaction.task(of: $0, after: $1), transaction))
    }
  }

  private mutating func name(_ task: TaskID, _ transaction: borrowing ReadTransaction) throws -> String? {
    if task == .missing { return nil }
    if let known = names[task] { return known }
    let name = try transaction.task(task)?.name
    if let name { names[task] = name }
    return name
  }
}
