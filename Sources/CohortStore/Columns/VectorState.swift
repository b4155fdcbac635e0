public import CohortCore

/// What is known of a sample's vector.
public enum VectorState: UInt8, Sendable {
  /// Not embedded yet.
  case pending = 0
  /// The vector column has a row for it.
  case present = 1
  /// Looked at, and it has no usable vector (zero, not finite): it is never clustered.
  case none = 2
  /// The encoder refuses its text, for a reason that the log tells. It is asked again only when somebody wants that.
  case refused = 3
}

extension ReadTransaction {
  /// The embedding space of a name; nil when there is none.
  public func space(named name: String) throws -> EmbeddingSpace? { try record(EmbeddingSpace.self, named: name) }

  /// The embedding space with an id; nil when there is none.
  public func space(_ id: SpaceID) throws -> EmbeddingSpace? { try record(EmbeddingSpace.self, number: id.rawValue) }

  /// All spaces in the order of their ids.
  public func spaces() throws -> [EmbeddingSpace] { try records(EmbeddingSpace.self) }

  /// What is known of a sample's vector in a space; `pending` for samples that the space has not seen.
  /// - Throws: `store.corrupted` for a state that no release writes.
  public func vectorState(_ id: SampleID, in space: EmbeddingSpace) throws -> VectorState {
    let state = try uint8(space.states, id)
    guard let known = VectorState(rawValue: state) else { throw unknownState(state, id) }
    return known
  }
}

/// How many samples of a store, deleted ones left out, are in each state of a space.
public struct VectorCounts: Hashable, Sendable {
  /// Samples still to be embedded.
  public var pending: UInt64 = 0
  /// Samples with a vector.
  public var present: UInt64 = 0
  /// Samples that were looked at and have no usable vector.
  public var none: UInt64 = 0
  /// Samples whose text the encoder refuses.
  public var refused: UInt64 = 0
}

extension ReadTransaction {
  /// Counts the samples in each state, by a scan of the state column.
  /// - Complexity: O(samples), a few bytes each.
  public func vectorCounts(in space: EmbeddingSpace) throws -> VectorCounts {
    var counts = VectorCounts()
    try forEachVectorState(in: space, from: 0) { _, state in
      switch state {
      case .pending: counts.pending += 1
      case .present: counts.present += 1
      case .none: counts.none += 1
      case .refused: counts.refused += 1
      }
      return true
    }
    return counts
  }

  /// Samples that are to get a vector in a space, ascending, deleted ones left out.
  /// - Parameters:
  ///   - first: the first id that is looked at.
  ///   - includingRefused: whether those that the encoder refused before count, too.
  ///   - limit: at most so many.
  public func samplesToEmbed(
    in space: EmbeddingSpace, from first: UInt64, includingRefused: Bool = false, limit: Int
  ) throws -> [SampleID] {
    var ids: [SampleID] = []
    try forEachVectorState(in: space, from: first) { id, state in
      if state == .pending || includingRefused && state == .refused { ids.append(id) }
      return ids.count < limit
    }
    return ids
  }

  /// Samples whose text the encoder of a space refuses, ascending, each with the reason given last.
  /// - Complexity: O(log entries).
  public func refusedSamples(in space: EmbeddingSpace) throws -> [RefusedSample] {
    guard try vectorCounts(in: space).refused > 0 else { return [] }
    var reasons: [SampleID: String] = [:]
    try forEachEntry(of: [LogEvent.Embed.kind]) { entry in
      if let event = entry.event as? LogEvent.Embed, event.space == space.id {
        for sample in event.refused { reasons[sample.id] = sample.reason }
      }
      return true
    }
    return try reasons.keys.sorted().compactMap { id in
      guard try vectorState(id, in: space) == .refused, try !isDeleted(id) else { return nil }
      return RefusedSample(id: id, reason: reasons[id] ?? "")
    }
  }

  /// Calls `body` with each sample from `first` on that is not deleted, until it returns false.
  private func forEachVectorState(
    in space: EmbeddingSpace, from first: UInt64, _ body: (SampleID, VectorState) throws -> Bool
  ) throws {
    try forEachBlock(of: [space.states], in: first..<UInt64.max) { block in
      for row in 0..<block.count where !block.isDeleted(row) {
        let value = block.uint8(0, row)
        guard let known = VectorState(rawValue: value) else { throw unknownState(value, block.id(row)) }
        guard try body(block.id(row), known) else { return false }
      }
      return true
    }
  }

  private func unknownState(_ state: UInt8, _ id: SampleID) -> CohortError {
    CohortError.corrupted("The vector state of sample \(id)", cause: "\(state) is not known")
  }
}
