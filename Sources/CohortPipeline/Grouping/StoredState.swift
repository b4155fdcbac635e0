internal import CohortClustering
internal import CohortCore
internal import CohortStore

// What a grouping follows and what its engine makes, in the store's terms.

extension Feed {
  /// The feed of a grouping that looks at vectors of `space`, or at none.
  init(of space: EmbeddingSpace?) { self = space.map { .embedded($0.id) } ?? .inserted }
}

extension ReadTransaction {
  /// The embedding space that a grouping looks at; nil when it looks at none.
  /// - Throws: `store.unknown-embedding-space`.
  func space(of definition: GroupingDefinition) throws -> EmbeddingSpace? {
    guard case .embedding(let name) = definition.criterion else { return nil }
    guard let space = try space(named: name) else {
      throw StoreError.unknown("embedding-space", name, known: try spaces().map(\.name))
    }
    return space
  }
}

extension GroupingDefinition {
  /// The column that a length grouping divides by.
  var lengthColumn: Column? {
    if case .length(let measure, _) = criterion { measure.column } else { nil }
  }
}

extension CohortClustering.GroupRecord {
  /// The record as the store keeps it, but for its size, which the store counts.
  var stored: CohortStore.GroupRecord {
    CohortStore.GroupRecord(
      id: id, geometry: geometry, isOpen: lineage.closed == nil, parent: lineage.parent, heir: lineage.heir,
      born: lineage.born, engineState: encoded)
  }
}

extension GroupEvent {
  /// The bytes of the log.
  var encoded: [UInt8] {
    var writer = ByteWriter()
    encode(into: &writer)
    return writer.bytes
  }
}
