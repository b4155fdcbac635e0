internal import CohortCore

/// Things that a user names. Each look-up that fails says which names there are.
extension ReadTransaction {
  /// The grouping of a name that must be there.
  /// - Throws: `store.unknown-grouping`, with the closest name.
  public func existingGrouping(_ name: String) throws -> GroupingRecord {
    guard let record = try grouping(named: name) else {
      throw CohortError.unknown("grouping", name, known: try groupings().map(\.name))
    }
    return record
  }

  /// The embedding space of a name that must be there.
  /// - Throws: `store.unknown-embedding-space`, with the closest name.
  public func existingSpace(_ name: String) throws -> EmbeddingSpace {
    guard let record = try space(named: name) else {
      throw CohortError.unknown("embedding-space", name, known: try spaces().map(\.name))
    }
    return record
  }

  /// The further length measure of a name that must be there.
  /// - Throws: `store.unknown-length-measure`, with the closest name.
  public func existingMeasure(_ name: String) throws -> LengthMeasure {
    guard let record = try measure(named: name) else {
      throw CohortError.unknown("length-measure", name, known: try measures().map(\.name))
    }
    return record
  }

  /// The snapshot of a name that must be there.
  /// - Throws: `store.unknown-snapshot`, with the closest name.
  public func existingSnapshot(_ name: String) throws -> SnapshotRecord {
    guard let record = try snapshot(named: name) else {
      throw CohortError.unknown("snapshot", name, known: try snapshots().map(\.name))
    }
    return record
  }

  /// The plan of a name that must be there, with its bytes.
  /// - Throws: `store.unknown-plan`, with the closest name.
  public func existingPlan(_ name: String) throws -> PlanRecord {
    guard let record = try plan(named: name) else {
      throw CohortError.unknown("plan", name, known: try plans().map(\.name))
    }
    return record
  }

  /// The task of a label that must be there.
  /// - Throws: `store.unknown-task`, with the closest name.
  public func existingTask(_ name: String) throws -> TaskRecord {
    guard let record = try task(named: name) else {
      throw CohortError.unknown("task", name, known: try tasks().map(\.name))
    }
    return record
  }
}
