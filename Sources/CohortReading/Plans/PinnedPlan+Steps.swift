public import CohortCore
public import CohortPlanning
public import CohortStore

extension PinnedPlan {
  /// The samples at some positions of the plan's membership, in the order asked for. One read transaction.
  /// - Throws: `store.position`; `store.dropped` when the plan's snapshot was dropped meanwhile; `store.corrupted`.
  /// - Complexity: that of `ReadTransaction.ids(at:of:in:)`.
  public func ids(at positions: some Sequence<UInt64>) throws -> [SampleID] {
    try store.read { try ids(at: positions, $0) }
  }

  /// The same in a transaction that is open already.
  public func ids(at positions: some Sequence<UInt64>, _ transaction: borrowing ReadTransaction) throws -> [SampleID] {
    guard let members else { return try transaction.ids(at: positions, of: grouping.id, in: snapshot) }
    return try transaction.ids(at: positions, of: members)
  }

  /// Lends the samples of a step to `body`, one after the other in the plan's order, in one read transaction: where the
  /// store holds them plain, without a copy. What `body` gets is valid only inside it.
  /// - Parameters:
  ///   - share: which part of the step; all of it unless said otherwise.
  ///   - body: gets the number of the micro-batch, ascending, and the sample.
  /// - Returns: how many samples of the share have been deleted since the snapshot. Nothing takes their place.
  /// - Throws: `planning.invalid-slice`; `store.dropped`; `store.corrupted`; `reading.missing-sample` for a sample that is
  ///   gone without having been deleted; what `body` throws.
  /// - Complexity: one look-up a sample, one checksum of its bytes and of each piece of the membership it lies in.
  public func visit(
    _ step: PlannedStep, share: StepShare = StepShare(), _ body: (_ part: Int, _ sample: SampleView) throws -> Void
  ) throws -> Int {
    let parts = try share.parts(of: step)
    return try store.read { transaction in
      var holes = 0
      for (number, part) in parts.enumerated() {
        for id in try ids(at: step.positions[part], transaction) {
          let isThere = try transaction.withSample(id) { sample in
            try sample.map { try body(number, $0) } != nil
          }
          if isThere { continue }
          guard try transaction.isDeleted(id) else {
            throw CohortError(
              .readingMissingSample, "A sample of the snapshot is gone without having been deleted",
              place: "sample \(id)")
          }
          holes += 1
        }
      }
      return holes
    }
  }

  /// Steps that one read transaction of a digest covers.
  private static let digestSteps: UInt64 = 256

  /// One hash over all ids of some epochs, in order. With more than one rank or part, the ids are put together from the
  /// parts that the ranks would read: the digest must not change.
  /// - Parameter progress: gets the steps done and, unless they are too many to count, all; every 256 steps. What it
  ///   throws ends the work.
  /// - Throws: `planning.invalid-slice`, `store.dropped`, `store.corrupted`, what `progress` throws.
  /// - Complexity: O(samples of the epochs).
  public func digest(
    epochs: Range<UInt64>, world: Int = 1, accumulation: Int = 1,
    progress: (_ done: UInt64, _ total: UInt64?) throws -> Void = { _, _ in }
  ) throws -> Digest128 {
    let steps = plan.stepsPerEpoch
    let (total, overflow) = steps.multipliedReportingOverflow(by: epochs.upperBound - epochs.lowerBound)
    var digest = PlanDigest()
    var done: UInt64 = 0
    for epoch in epochs {
      for first in stride(from: 0, to: steps, by: UInt64.Stride(Self.digestSteps)) {
        let end = min(first + Self.digestSteps, steps)
        try store.read { transaction in
          for index in first..<end {
            try digest.add(try plan.step(epoch: epoch, step: index), world: world, accumulation: accumulation) {
              try ids(at: $0, transaction)
            }
          }
        }
        done += end - first
        try progress(done, overflow ? nil : total)
      }
    }
    return digest.finish()
  }
}
