internal import CohortCore

/// What a transaction knows of the store as a whole; shared by the two views of a write transaction, where it changes.
/// Used by one transaction, on one thread.
final class TransactionState {
  var counters: StoreCounters
  /// Columns that have a row for every sample are complete up to here in the table.
  var settledRows: UInt64
  /// Groups whose size changed: added minus removed members.
  var sizeChanges: [UInt64: Int64] = [:]
  /// Names that this transaction gives to sources and tasks.
  var newNames: [NameKind: Set<Digest128>] = [:]
  /// Which samples were packed anew, and where they lie.
  var packing: PackingState
  /// What was read and found right.
  let sound = SoundValues()
  /// Milliseconds since 1970; 0 in a read transaction.
  let time: Int64

  init(counters: StoreCounters, packing: PackingState, time: Int64) {
    self.counters = counters
    self.packing = packing
    settledRows = counters.nextSample
    self.time = time
  }
}
