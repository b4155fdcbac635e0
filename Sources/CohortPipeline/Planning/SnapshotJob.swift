internal import CohortCore
public import CohortStore

/// Names the present state of a store.
public enum SnapshotJob {
  /// Brings the groupings up to date and takes a snapshot of them.
  /// - Parameter groupings: names; nil for all the store has.
  public static func create(
    _ store: Store, name: String, groupings: [String]? = nil, control: JobControl = JobControl()
  ) throws -> SnapshotRecord {
    let (all, taken) = try store.read { transaction in
      (try transaction.groupings().map(\.name), try transaction.snapshot(named: name) != nil)
    }
    guard !taken else {
      throw CohortError(
        .pipelineSnapshotExists, "There is already a snapshot named \"\(name)\"",
        hint: "Choose another name, or drop the old one first")
    }
    let names = groupings ?? all
    guard !names.isEmpty else {
      throw CohortError(
        .pipelineNoGroupings, "The store has no grouping that a snapshot could hold",
        hint: "Create one, for example: cohort grouping create tasks --by task")
    }
    for grouping in names where !all.contains(grouping) {
      throw CohortError.unknown("grouping", grouping, known: all)
    }
    for grouping in names { _ = try UpdateJob.run(store, grouping: grouping, control: control) }
    return try store.createSnapshot(name: name, groupings: names)
  }
}
