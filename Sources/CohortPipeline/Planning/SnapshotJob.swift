internal import CohortCore
public import CohortStore

/// Names the present state of a store.
public enum SnapshotJob {
  /// The groupings that a snapshot is to hold.
  /// - Parameter names: empty for all that the store has.
  /// - Throws: `pipeline.snapshot-exists` when the name is taken; `pipeline.no-groupings`, `store.unknown-grouping`.
  public static func groupings(for snapshot: String, _ names: [String], in store: Store) throws -> [String] {
    let (all, isTaken) = try store.read { transaction in
      (try transaction.groupings().map(\.name), try transaction.snapshot(named: snapshot) != nil)
    }
    guard !isTaken else {
      throw CohortError(
        .pipelineSnapshotExists, "There is already a snapshot named \"\(snapshot)\"",
        hint: "Choose another name, or drop the old one first")
    }
    for name in names where !all.contains(name) { throw CohortError.unknown("grouping", name, known: all) }
    let chosen = names.isEmpty ? all : names
    guard !chosen.isEmpty else {
      throw CohortError(
        .pipelineNoGroupings, "The store has no grouping that a snapshot could hold",
        hint: "Create one, for example: cohort grouping create tasks --by task")
    }
    return chosen
  }

  /// Takes a snapshot of groupings that are up to date.
  /// - Parameter filter: which samples it holds; an empty one for all.
  /// - Throws: what `SampleFilter.ids` and `Store.createSnapshot` throw.
  public static func create(
    _ store: Store, name: String, groupings: [String], filter: SampleFilter = SampleFilter(),
    control: JobControl = JobControl()
  ) throws -> SnapshotRecord {
    let only = filter.isEmpty ? nil : SampleSet(try store.read { try filter.ids(in: $0, control: control) })
    return try store.createSnapshot(name: name, groupings: groupings, only: only)
  }
}
