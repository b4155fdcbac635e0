import CohortCore
import CohortPipeline
import CohortStore

/// Brings stores up to date job by job, where a test is about what lies between them. The whole is `StoreUpdater`'s.
enum Pending {
  /// Every grouping, or the one named and its factors. Trouble of one is thrown when the others are up to date.
  @discardableResult
  static func group(
    _ store: Store, only: String? = nil, control: JobControl = JobControl()
  ) throws -> [GroupingUpdate] {
    let groupings = try store.read { try $0.groupings() }
    let factors = groupings.first { $0.name == only }?.definition.factors ?? []
    let names = only.map { factors + [$0] } ?? groupings.map(\.name)
    var trouble: (any Error)?
    let updates = try names.compactMap { name -> GroupingUpdate? in
      do {
        return try UpdateJob.follower(of: name, in: store).update(control)
      } catch  where UpdateJob.concernsOneGrouping(error) {
        trouble = trouble ?? error
        return nil
      }
    }
    if let trouble { throw trouble }
    return updates
  }

  /// Every further length measure, or the one named.
  @discardableResult
  static func measure(
    _ store: Store, only: String? = nil, control: JobControl = JobControl()
  ) throws -> [MeasureReport] {
    let (measures, end) = try store.read { (try $0.measures(), try $0.counters.nextSample) }
    return try measures.filter { only ?? $0.name == $0.name && $0.rows < end }.map { measure in
      try MeasureJob.run(
        store, measure: measure.name, counter: try LengthCounter(of: measure, in: store), control: control)
    }
  }

  /// Every space that has an encoder and lacks vectors.
  static func embed(_ store: Store) throws -> [EmbedReport] {
    try SpaceJob.freeDropped(store)
    return try store.read { try $0.spaces() }.compactMap { space in
      guard try store.read({ try $0.vectorCounts(in: space).pending }) > 0,
        let encoder = try space.openEncoder(in: store, workers: 1)
      else { return nil }
      return try EmbedJob.run(store, space: space.name, encoder: encoder)
    }
  }

  /// A snapshot of all groupings, which are brought up to date before.
  static func snapshot(_ store: Store, name: String) throws -> SnapshotRecord {
    try group(store)
    return try SnapshotJob.create(
      store, name: name, groupings: try SnapshotJob.groupings(for: name, [], in: store))
  }
}
