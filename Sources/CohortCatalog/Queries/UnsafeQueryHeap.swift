internal import CSQLiteGuard

/// The memory of SQLite that one statement takes: counted and bounded by the allocator itself, which looks at the clock as well
/// (see `cohort_sqlite_heap`). From `begin` to `end` on one thread.
final class UnsafeQueryHeap {
  /// Why the statement got no memory.
  enum Refusal {
    case full
    case late
  }

  private let heap: UnsafeMutablePointer<cohort_sqlite_heap>

  init() {
    heap = .allocate(capacity: 1)
    heap.initialize(to: cohort_sqlite_heap())
  }

  deinit { heap.deallocate() }

  /// Begins to count for the calling thread.
  /// - Parameters:
  ///   - most: bytes; more are refused.
  ///   - time: until all is refused.
  /// - Returns: false where SQLite was in use before its allocator could be given: nothing is bounded then.
  func begin(most: Int64, time: Duration) -> Bool {
    let (seconds, attoseconds) = time.components
    let (nanoseconds, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return cohort_sqlite_heap_begin(
      heap, most, isTooLong ? .max : max(nanoseconds, 0) + attoseconds / 1_000_000_000) != 0
  }

  func end() { cohort_sqlite_heap_end() }

  /// Bytes that the statement has.
  var used: Int64 { heap.pointee.used }

  /// The most bytes that it may have from now on.
  func allow(_ most: Int64) { heap.pointee.most = most }

  /// Why it got no memory the last time; nil when it got all that it asked for.
  var refusal: Refusal? {
    switch heap.pointee.refusal {
    case Int32(COHORT_SQLITE_FULL): .full
    case Int32(COHORT_SQLITE_LATE): .late
    default: nil
    }
  }
}
