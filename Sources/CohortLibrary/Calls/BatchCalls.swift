public import CCohort
internal import CohortReading

@c(cohort_batch_new)
public func newBatch() -> OpaquePointer? { BatchHandle().opened }

@c(cohort_batch_free)
public func freeBatch(_ batch: OpaquePointer?) { BatchHandle.close(batch) }

@c(cohort_batch_texts)
public func textsOfBatch(_ batch: OpaquePointer?) -> UnsafePointer<cohort_texts>? {
  answer(nil, nil) { UnsafePointer(try BatchHandle.at(batch, "batch").lent) }
}

@c(cohort_batch_read)
public func readBatch(
  _ store: OpaquePointer?, _ ids: UnsafePointer<UInt64>?, _ count: Int64, _ batch: OpaquePointer?,
  _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  answer(error) {
    try BatchHandle.at(batch, "batch").read { batch in
      let store = try StoreHandle.at(store, "store").store
      try batch.read(try values(ids, count, "ids"), from: store)
    }
  }
}

@c(cohort_plan_read)
public func readStep(
  _ plan: OpaquePointer?, _ epoch: UInt64, _ step: UInt64, _ share: cohort_share, _ batch: OpaquePointer?,
  _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  answer(error) {
    try BatchHandle.at(batch, "batch").read { batch in
      let (pinned, step) = try PlanHandle.at(plan, "plan").step(epoch, step)
      try pinned.read(step, share: StepShare(share), into: batch)
    }
  }
}

@c(cohort_reader_open)
public func openReader(
  _ plan: OpaquePointer?, _ epoch: UInt64, _ step: UInt64, _ share: cohort_share, _ ahead: Int32, _ threads: Int32,
  _ error: UnsafeMutablePointer<cohort_error>?
) -> OpaquePointer? {
  answer(error, nil) {
    try ReaderHandle(
      try PlanHandle.at(plan, "plan"), epoch: epoch, step: step, share: StepShare(share), ahead: ahead,
      threads: threads
    ).opened
  }
}

@c(cohort_reader_next)
public func nextStep(
  _ reader: OpaquePointer?, _ error: UnsafeMutablePointer<cohort_error>?
) -> UnsafePointer<cohort_texts>? {
  answer(error, nil) { UnsafePointer(try ReaderHandle.at(reader, "reader").next().lent) }
}

@c(cohort_reader_take)
public func takeStep(
  _ reader: OpaquePointer?, _ batch: OpaquePointer?, _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  answer(error) {
    let batch = try BatchHandle.at(batch, "batch")
    try ReaderHandle.at(reader, "reader").take(into: batch)
  }
}

@c(cohort_reader_close)
public func closeReader(_ reader: OpaquePointer?) { ReaderHandle.close(reader) }
