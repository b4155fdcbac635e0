public import CohortCore
public import CohortReading

/// Computes the digest of a plan's epochs.
public enum PlanDigestJob {
  /// One hash over all ids of some epochs, in order; see `PinnedPlan.digest`.
  /// - Throws: `pipeline.interrupted`, and what `PinnedPlan.digest` throws.
  public static func run(
    _ plan: PinnedPlan, epochs: Range<UInt64>, world: Int = 1, accumulation: Int = 1, control: JobControl = JobControl()
  ) throws -> Digest128 {
    try plan.digest(epochs: epochs, world: world, accumulation: accumulation) { done, total in
      control.report(JobProgress(stage: "digest", done: done, total: total, unit: "steps"))
      try control.checkpoint()
    }
  }
}
