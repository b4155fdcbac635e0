internal import CohortCore

/// Things that a user names. Each look-up that fails says which names there are.
extension ReadTransaction {
  /// The grouping of a name that must be there.
  /// - Throws: `store.unknown-grouping`, with the closest name.
  public func existingGrouping(_ name: String) throws -> GroupingRecord {
    try Self.existing("grouping", name, try grouping(named: name)) { try groupings().map(\.name) }
  }

  /// The embedding space of a name that must be there.
  /// - Throws: `store.unknown-embedding-space`, with the closest name.
  public func existingSpace(_ name: String) throws -> EmbeddingSpace {
    try Self.existing("embedding-space", name, try space(named: name)) { try spaces().map(\.name) }
  }

  /// The embedding space of a name; without one, that which the store takes where none is named.
  /// - Throws: `store.unknown-embedding-space`.
  public func spaceOrDefault(_ name: String?) throws -> EmbeddingSpace {
    if let name { return try existingSpace(name) }
    guard let space = try defaultSpace() else { throw CohortError.noDefaultSpace(known: try spaces().map(\.name)) }
    return space
  }

  /// The further length measure of a name that must be there.
  /// - Throws: `store.unknown-length-measure`, with the closest name.
  public func existingMeasure(_ name: String) throws -> LengthMeasure {
    try Self.existing("length-measure", name, try measure(named: name)) { try measures().map(\.name) }
  }

  /// The snapshot of a name that must be there.
  /// - Throws: `store.unknown-snapshot`, with the closest name.
  public func existingSnapshot(_ name: String) throws -> SnapshotRecord {
    try Self.existing("snapshot", name, try snapshot(named: name)) { try snapshots().map(\.name) }
  }

  /// The plan of a name that must be there, with its bytes.
  /// - Throws: `store.unknown-plan`, with the closest name.
  public func existingPlan(_ name: String) throws -> PlanRecord {
    try Self.existing("plan", name, try plan(named: name)) { try plans().map(\.name) }
  }

  /// The source of a name that must be there.
  /// - Throws: `store.unknown-source`, with the closest name.
  public func existingSource(_ name: String) throws -> SourceRecord {
    try Self.existing("source", name, try source(named: name)) { try sources().map(\.name) }
  }

  /// The task of a label that must be there.
  /// - Throws: `store.unknown-task`, with the closest name.
  public func existingTask(_ name: String) throws -> TaskRecord {
    try Self.existing("task", name, try task(named: name)) { try tasks().map(\.name) }
  }

  private static func existing<Record>(
    _ kind: String, _ name: String, _ record: Record?, known: () throws -> [String]
  ) throws -> Record {
    guard let record else { throw CohortError.unknown(kind, name, known: try known()) }
    return record
  }
}
