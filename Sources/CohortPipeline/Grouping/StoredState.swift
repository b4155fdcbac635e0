internal import CohortClustering
internal import CohortCore
internal import CohortStore

// What a grouping follows and what its engine makes, in the store's terms.

extension ReadTransaction {
  /// What a grouping follows.
  /// - Throws: `store.unknown-embedding-space`, `store.unknown-length-measure`; `pipeline.no-feed` for a product.
  func feed(of definition: GroupingDefinition) throws -> Feed {
    switch definition.criterion.source {
    case .samples: .inserted
    case .labels: .labelled
    case .vectors(let space): .embedded(try existingSpace(space).id)
    case .lengths(let measure): .measured(try existingMeasure(measure).id)
    case .factors: throw definition.noFeed
    }
  }

  /// The embedding space that a grouping looks at; nil when it looks at none.
  /// - Throws: `store.unknown-embedding-space`.
  func space(of definition: GroupingDefinition) throws -> EmbeddingSpace? {
    try definition.space.map { try existingSpace($0) }
  }
}

extension ReadTransaction {
  /// The engine of a grouping as it was before its first round, with the options that it has.
  /// - Throws: `clustering.damaged-state` when they cannot be read: with others the rounds would be others.
  func initialState(of grouping: GroupingRecord) throws -> GroupingState {
    try GroupingState(
      definition: grouping.definition, dimension: try space(of: grouping.definition)?.dimension ?? 0,
      options: try grouping.embeddingHeader?.options ?? EmbeddingOptions(), anchors: try anchors(of: grouping))
  }

  /// The engine of a grouping as its last complete round left it.
  func storedState(of grouping: GroupingRecord) throws -> GroupingState {
    guard !grouping.engineState.isEmpty else { return try initialState(of: grouping) }
    let (groups, anchors) = (try groups(of: grouping.id), try anchors(of: grouping))
    return try grouping.reading {
      try GroupingState(
        header: grouping.engineState,
        groups: try groups.map { try CohortClustering.GroupRecord(decoding: $0.engineState) }, anchors: anchors)
    }
  }

  /// The anchors of a grouping by anchors; else nil.
  func anchors(of grouping: GroupingRecord) throws -> AnchorSet? {
    guard let anchors = grouping.definition.criterion as? AnchorsKind else { return nil }
    return try AnchorSet(decoding: try material(of: grouping), digest: anchors.set)
  }
}

extension ReadTransaction {
  /// The record of a grouping as it is now.
  /// - Throws: `store.unknown-grouping` when it was dropped, though there may be another one of its name.
  func stored(_ known: GroupingRecord) throws -> GroupingRecord {
    guard let stored = try grouping(known.id) else {
      throw CohortError.unknown("grouping", known.name, known: try groupings().map(\.name))
    }
    return stored
  }
}

extension Store {
  /// Whether an error came because another job has moved a grouping on since its record was read: that is what a refused
  /// commit says, and what looks like damage, because rows were read of two states.
  /// - Throws: `store.unknown-grouping` when it was dropped.
  func hasMoved(_ record: GroupingRecord, because error: CohortError) throws -> Bool {
    guard error.code == .storeGroupingMoved || error.category == .corruption || error.code.module == .clustering else {
      return false
    }
    return try !read { try $0.stored(record) }.isAsFar(as: record)
  }
}

extension GroupingRecord {
  /// What the header of an embedding grouping holds; nil for other groupings, and before the first round.
  /// - Throws: `clustering.damaged-state`.
  var embeddingHeader: EmbeddingHeader? {
    get throws {
      guard definition.criterion is EmbeddingKind, !engineState.isEmpty else { return nil }
      return try reading { try EmbeddingHeader(in: engineState) }
    }
  }

  /// Names the grouping in what is said of stored state that cannot be read.
  /// - Throws: `clustering.damaged-state` where `body` meets damage.
  func reading<R>(_ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as CohortError {
      guard error.category == .corruption else { throw error }
      throw CohortError(
        .clusteringDamagedState, "The state of a grouping is damaged", place: "grouping \"\(name)\"", cause: "\(error)",
        hint: "Restore the last backup, or drop the grouping and create it again")
    }
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
