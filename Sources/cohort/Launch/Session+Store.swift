import CohortCore
import CohortPipeline
import CohortStore

extension Session {
  /// The store, for reading.
  func readableStore() throws -> Store { try Store.open(at: storePath) }

  /// The store, with the right to write it.
  /// - Parameter purpose: tells others who holds it.
  func writableStore(for purpose: String) throws -> Store {
    try Store.open(at: storePath, access: .owner(name: "cohort \(purpose)"))
  }

  /// What a job reports to, and how it learns that the user wants it to stop: from now on the first Control-C only asks
  /// for that.
  func jobControl() -> JobControl {
    Interruption.cooperate()
    let progress = progress
    return JobControl(
      report: { progress.report($0) }, shouldStop: { Interruption.requested }, workers: configuration.integer(.workers))
  }

  /// Runs `body` on a consistent state of the store.
  func read<R>(_ body: (borrowing ReadTransaction) throws -> R) throws -> R { try readableStore().read(body) }
}

extension ReadTransaction {
  /// - Throws: `CohortError` with the closest name when there is no such grouping.
  func existingGrouping(_ name: String) throws -> GroupingRecord {
    guard let record = try grouping(named: name) else {
      throw CohortError.unknown("grouping", name, known: try groupings().map(\.name))
    }
    return record
  }

  /// - Throws: `CohortError` with the closest name when there is no such embedding space.
  func existingSpace(_ name: String) throws -> EmbeddingSpace {
    guard let record = try space(named: name) else {
      throw CohortError.unknown("embedding-space", name, known: try spaces().map(\.name))
    }
    return record
  }

  /// - Throws: `CohortError` with the closest name when there is no such length measure.
  func existingMeasure(_ name: String) throws -> LengthMeasure {
    guard let record = try measure(named: name) else {
      throw CohortError.unknown("length-measure", name, known: try measures().map(\.name))
    }
    return record
  }

  /// - Throws: `CohortError` with the closest name when there is no such snapshot.
  func existingSnapshot(_ name: String) throws -> SnapshotRecord {
    guard let record = try snapshot(named: name) else {
      throw CohortError.unknown("snapshot", name, known: try snapshots().map(\.name))
    }
    return record
  }

  /// - Throws: `CohortError` with the closest name when there is no such plan.
  func existingPlan(_ name: String) throws -> PlanRecord {
    guard let record = try plan(named: name) else {
      throw CohortError.unknown("plan", name, known: try plans().map(\.name))
    }
    return record
  }
}
