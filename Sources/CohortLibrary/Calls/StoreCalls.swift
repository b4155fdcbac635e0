public import CCohort
internal import CohortCore
internal import CohortReading
internal import CohortStore
internal import CohortSystem

@c(cohort_abi_version)
public func abiVersion() -> UInt32 { UInt32(COHORT_ABI_VERSION) }

/// Guard: written once, never freed.
private nonisolated(unsafe) let releaseText: UnsafePointer<CChar>? = strdup(Release.version).map { UnsafePointer($0) }

@c(cohort_version)
public func version() -> UnsafePointer<CChar>? { releaseText }

@c(cohort_free)
public func freeMemory(_ memory: UnsafeMutableRawPointer?) { free(memory) }

@c(cohort_store_open)
public func openStore(_ path: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<cohort_error>?) -> OpaquePointer? {
  answer(error, nil) { try StoreHandle(path: try text(path, "path")).opened }
}

@c(cohort_store_close)
public func closeStore(_ store: OpaquePointer?) { StoreHandle.close(store) }

@c(cohort_store_json)
public func describeStore(
  _ store: OpaquePointer?, _ error: UnsafeMutablePointer<cohort_error>?
) -> UnsafeMutablePointer<CChar>? {
  answer(error, nil) { try lasting(try StoreDescription.json(of: try StoreHandle.at(store, "store").store)) }
}

@c(cohort_store_samples)
public func countSamples(
  _ store: OpaquePointer?, _ deleted: UnsafeMutablePointer<Int64>?, _ error: UnsafeMutablePointer<cohort_error>?
) -> Int64 {
  answer(error, -1) {
    let counters = try StoreHandle.at(store, "store").store.read { try $0.counters }
    deleted?.pointee = Int64(clamping: counters.deleted)
    return Int64(clamping: counters.nextSample)
  }
}

@c(cohort_groups_json)
public func describeGroups(
  _ store: OpaquePointer?, _ grouping: UnsafePointer<CChar>?, _ snapshot: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<cohort_error>?
) -> UnsafeMutablePointer<CChar>? {
  answer(error, nil) {
    let store = try StoreHandle.at(store, "store").store
    let grouping = try text(grouping, "grouping")
    let snapshot = try optionalText(snapshot, "snapshot")
    return try lasting(
      try store.read { transaction in
        guard let snapshot else { return try GroupDescription.json(ofGroupsIn: grouping, transaction) }
        return try GroupDescription.json(ofGroupsIn: grouping, snapshot: snapshot, transaction)
      })
  }
}

@c(cohort_ids)
public func listIDs(
  _ store: OpaquePointer?, _ snapshot: UnsafePointer<CChar>?, _ from: UInt64, _ ids: UnsafeMutablePointer<UInt64>?,
  _ capacity: Int64, _ error: UnsafeMutablePointer<cohort_error>?
) -> Int64 {
  answer(error, -1) {
    let store = try StoreHandle.at(store, "store").store
    let snapshot = try optionalText(snapshot, "snapshot")
    let ids = try room(ids, try count(capacity, "capacity"), "ids")
    return try store.read { transaction in
      let set = try snapshot.map { try transaction.samples(of: try transaction.existingSnapshot($0)) }
      return Int64(try transaction.liveSamples(from: from, of: set, into: ids))
    }
  }
}
