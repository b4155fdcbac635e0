package import CohortCore

extension ErrorCode {
  package static let readingForeignPlan = ErrorCode(
    .reading, "foreign-plan", .usage, hint: "Create the plan again from a snapshot of this store")
  package static let readingMissingSample = ErrorCode(.reading, "missing-sample", .corruption, hint: damage)
  package static let readingNoMemory = ErrorCode(
    .reading, "no-memory", .temporary, hint: "Read fewer samples at once")
  package static let readingPlanHash = ErrorCode(.reading, "plan-hash", .corruption, hint: damage)
  package static let readingPlanPopulation = ErrorCode(.reading, "plan-population", .corruption, hint: damage)
  package static let readingPlanWithoutSnapshot = ErrorCode(
    .reading, "plan-without-snapshot", .corruption, hint: damage)
  package static let readingUnreadableSample = ErrorCode(.reading, "unreadable-sample", .corruption, hint: damage)

  private static let damage = "Run cohort verify for all damaged places, and restore the last backup"
}
