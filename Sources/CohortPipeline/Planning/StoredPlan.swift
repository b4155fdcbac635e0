public import CohortCore
public import CohortPlanning
public import CohortStore

/// A plan together with the snapshot it stands on: steps as sample ids.
public struct StoredPlan: Sendable {
  public let record: PlanRecord
  public let plan: Plan
  public let snapshot: SnapshotRecord

  /// Reads a plan, and checks that it belongs to the bytes its hash was made from.
  public init(_ store: Store, named name: String) throws {
    let (record, snapshot) = try store.read { transaction in
      guard let record = try transaction.plan(named: name) else {
        throw CohortError.unknown("plan", name, known: try transaction.plans().map(\.name))
      }
      return (record, try transaction.snapshot(record.snapshot))
    }
    guard let snapshot else {
      throw CohortError(.pipelinePlanWithoutSnapshot, "The snapshot of plan \"\(name)\" is gone")
    }
    plan = try Plan(decoding: record.plan)
    guard plan.hash == record.hash else {
      throw CohortError(
        .pipelinePlanHash, "Plan \"\(name)\" does not match its hash",
        cause: "stored \(record.hash), computed \(plan.hash)")
    }
    let membership = snapshot.groupings.first { $0.id == record.grouping }
    guard plan.storeID == store.id, membership?.digest == plan.populationDigest else {
      throw CohortError(
        .pipelinePlanPopulation, "Plan \"\(name)\" was not made from snapshot \"\(snapshot.name)\" of this store",
        cause: "plan \(plan.populationDigest), snapshot \(membership.map { "\($0.digest)" } ?? "without its grouping")")
    }
    self.record = record
    self.snapshot = snapshot
  }

  /// The samples at some positions of the plan's grouping, in their order. One read transaction.
  public func ids(_ store: Store, at positions: [UInt64]) throws -> [SampleID] {
    try store.read { try $0.ids(at: positions, of: record.grouping, in: snapshot) }
  }

  /// One hash over all ids of some epochs, in order. With more than one rank or part, the ids are put together from the
  /// parts that the ranks would read: the digest must not change.
  public func digest(
    _ store: Store, epochs: Range<UInt64>, world: Int = 1, accumulation: Int = 1, control: JobControl = JobControl()
  ) throws -> Digest128 {
    var digest = PlanDigest()
    let (total, overflow) = plan.stepsPerEpoch.multipliedReportingOverflow(by: epochs.upperBound - epochs.lowerBound)
    var done: UInt64 = 0
    for epoch in epochs {
      for index in 0..<plan.stepsPerEpoch {
        let step = try plan.step(epoch: epoch, step: index)
        for micro in 0..<accumulation {
          for rank in 0..<world {
            let part = try step.slice(rank: rank, world: world, accumulation: accumulation, micro: micro)
            digest.add(try ids(store, at: Array(step.positions[part])))
          }
        }
        done += 1
        if done % 256 == 0 {
          control.report(JobProgress(stage: "digest", done: done, total: overflow ? nil : total, unit: "steps"))
          try control.checkpoint()
        }
      }
    }
    return digest.finish()
  }
}
