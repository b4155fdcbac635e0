public import CohortCore

/// One hash over all sample ids of a plan in order: what `cohort plan digest` prints, and how two runs are shown to have
/// seen the same batches. XXH3-128 over the ids as little-endian 64-bit integers; step boundaries are not part of it.
public struct PlanDigest: ~Copyable {
  private var stream = StreamingDigest()

  /// The digest of no ids yet.
  public init() {}

  /// Adds ids in their order.
  public mutating func add(_ ids: some Sequence<SampleID>) {
    var writer = ByteWriter(capacity: ids.underestimatedCount * 8)
    for id in ids { writer.fixed(id.rawValue) }
    writer.bytes.withUnsafeBytes { stream.update($0) }
  }

  /// Adds a step's ids.
  /// - Parameter resolve: turns positions into sample ids, in their order; the store's part.
  public mutating func add(_ step: PlannedStep, _ resolve: (_ positions: [UInt64]) throws -> [SampleID]) throws {
    add(try Self.resolved(step.positions, resolve))
  }

  /// Adds a step as its ranks see it: each micro-batch of each rank is resolved by itself, and the parts are put together
  /// in their global order. The digest is that of the whole step, for any world and accumulation.
  public mutating func add(
    _ step: PlannedStep, world: Int, accumulation: Int,
    _ resolve: (_ positions: [UInt64]) throws -> [SampleID]
  ) throws {
    for micro in 0..<max(accumulation, 1) {
      for rank in 0..<max(world, 1) {
        let part = try step.slice(rank: rank, world: world, accumulation: accumulation, micro: micro)
        add(try Self.resolved(Array(step.positions[part]), resolve))
      }
    }
  }

  /// The digest of all ids added so far. More can be added after it.
  public func finish() -> Digest128 { stream.finish() }

  private static func resolved(
    _ positions: [UInt64], _ resolve: ([UInt64]) throws -> [SampleID]
  ) throws -> [SampleID] {
    let ids = try resolve(positions)
    guard ids.count == positions.count else {
      throw CohortError(.planningUnresolvedPositions, "\(positions.count) positions became \(ids.count) sample ids")
    }
    return ids
  }
}

extension Plan {
  /// The digest of some epochs. Complexity: O(steps).
  /// - Parameter resolve: turns positions into sample ids, in their order.
  public func digest(
    epochs: Range<UInt64>, _ resolve: (_ positions: [UInt64]) throws -> [SampleID]
  ) throws -> Digest128 {
    var digest = PlanDigest()
    for epoch in epochs {
      for index in 0..<stepsPerEpoch { try digest.add(step(epoch: epoch, step: index), resolve) }
    }
    return digest.finish()
  }
}
