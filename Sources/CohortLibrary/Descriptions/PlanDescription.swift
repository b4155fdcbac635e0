internal import CohortCore
internal import CohortPlanning
internal import CohortReading
internal import CohortStore

/// What `cohort_plan_json` says of a plan.
enum PlanDescription {
  static func json(of pinned: PinnedPlan, largestStep: UInt64) -> String {
    let (plan, configuration) = (pinned.plan, pinned.plan.configuration)
    var object = JSONObject()
    object.add("name", pinned.record.name)
    object.add("hash", "\(plan.hash)")
    object.add("store", "\(plan.storeID)")
    object.add("snapshot", plan.snapshotName)
    object.add("grouping", pinned.grouping.name)
    object.add("batch_size", configuration.batchSize)
    object.add("tokens", configuration.tokenBudget)
    object.add("seed", configuration.seed)
    object.add("steps_per_epoch", plan.stepsPerEpoch)
    object.add("samples_per_epoch", plan.samplesPerEpoch)
    object.add("largest_step", largestStep)
    object.add("tail", configuration.tail.rawValue)
    object.add("order", configuration.order.name)
    object.add("groups", UInt64(plan.groups.count { $0.size > 0 }))
    object.add("created", raw: StoreDescription.seconds(pinned.record.created))
    object.add("configuration", raw: configuration.json)
    object.add("report", raw: pinned.record.report.isEmpty ? "null" : pinned.record.report)
    return object.text
  }
}
