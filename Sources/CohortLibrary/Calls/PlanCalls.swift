public import CCohort
internal import CohortCore
internal import CohortPlanning
internal import CohortReading

@c(cohort_plan_open)
public func openPlan(
  _ store: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<cohort_error>?
) -> OpaquePointer? {
  answer(error, nil) { try PlanHandle(try StoreHandle.at(store, "store"), name: try text(name, "name")).opened }
}

@c(cohort_plan_close)
public func closePlan(_ plan: OpaquePointer?) { PlanHandle.close(plan) }

@c(cohort_plan_json)
public func describePlan(
  _ plan: OpaquePointer?, _ error: UnsafeMutablePointer<cohort_error>?
) -> UnsafeMutablePointer<CChar>? {
  answer(error, nil) {
    let handle = try PlanHandle.at(plan, "plan")
    return try lasting(PlanDescription.json(of: try handle.pinned, largestStep: handle.largestStep))
  }
}

@c(cohort_plan_steps_per_epoch)
public func stepsPerEpoch(_ plan: OpaquePointer?) -> UInt64 {
  answer(nil, 0) { try PlanHandle.at(plan, "plan").stepsPerEpoch }
}

@c(cohort_plan_largest_step)
public func largestStep(_ plan: OpaquePointer?) -> Int64 {
  answer(nil, 0) { Int64(clamping: try PlanHandle.at(plan, "plan").largestStep) }
}

@c(cohort_plan_ids)
public func idsOfStep(
  _ plan: OpaquePointer?, _ epoch: UInt64, _ step: UInt64, _ share: cohort_share, _ ids: UnsafeMutablePointer<UInt64>?,
  _ capacity: Int64, _ parts: UnsafeMutablePointer<Int64>?, _ group: UnsafeMutablePointer<UInt32>?,
  _ error: UnsafeMutablePointer<cohort_error>?
) -> Int64 {
  answer(error, -1) {
    let capacity = try count(capacity, "capacity")
    let (pinned, step) = try PlanHandle.at(plan, "plan").step(epoch, step)
    let (found, bounds) = try pinned.ids(of: step, share: StepShare(share))
    guard found.count <= capacity else {
      throw CohortError(
        .libraryNoRoom, "There is room for \(capacity) ids; the share of the step has \(found.count)",
        hint: "cohort_plan_largest_step ids are enough for every step")
    }
    let room = try room(ids, found.count, "ids")
    for (index, id) in found.enumerated() { room[index] = id.rawValue }
    if let parts { for (index, bound) in bounds.enumerated() { parts[index] = Int64(bound) } }
    group?.pointee = step.isMixed ? GroupID.unassigned.rawValue : step.group.rawValue
    return Int64(found.count)
  }
}

@c(cohort_plan_find)
public func findSample(
  _ plan: OpaquePointer?, _ epoch: UInt64, _ id: UInt64, _ step: UnsafeMutablePointer<UInt64>?,
  _ place: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  answer(error, -1) {
    try PlanHandle.check(epoch)
    let pinned = try PlanHandle.at(plan, "plan").pinned
    guard let found = try pinned.firstPlace(of: SampleID(id), epoch: epoch) else { return 0 }
    step?.pointee = found.step
    place?.pointee = found.index
    return 1
  }
}

@c(cohort_cursor_json)
public func writeCursor(
  _ plan: OpaquePointer?, _ epoch: UInt64, _ step: UInt64, _ error: UnsafeMutablePointer<cohort_error>?
) -> UnsafeMutablePointer<CChar>? {
  answer(error, nil) {
    try lasting(try PlanHandle.at(plan, "plan").pinned.plan.cursor(epoch: epoch, step: step).json)
  }
}

@c(cohort_cursor_parse)
public func readCursor(
  _ plan: OpaquePointer?, _ json: UnsafePointer<CChar>?, _ epoch: UnsafeMutablePointer<UInt64>?,
  _ step: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  answer(error) {
    let pinned = try PlanHandle.at(plan, "plan").pinned
    let cursor = try Cursor(json: try text(json, "json")).validate(against: pinned.plan)
    epoch?.pointee = cursor.epoch
    step?.pointee = cursor.step
  }
}
