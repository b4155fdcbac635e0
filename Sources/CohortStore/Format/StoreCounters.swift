public import CohortCore

/// The value of `meta["counters"]`: the next numbers to give out and what is in the store. Written with every
/// transaction that changes one of them.
public struct StoreCounters: Hashable, Sendable {
  static let key = [UInt8]("counters".utf8)
  private static let place = SealPlace(.meta, key)

  /// The id of the next sample = how many were ever ingested.
  public internal(set) var nextSample: UInt64 = 0
  /// How many of those are deleted.
  public internal(set) var deleted: UInt64 = 0
  /// Records in quarantine.
  public internal(set) var quarantined: UInt64 = 0
  /// The sequence of the last log entry.
  public internal(set) var lastSequence = LogSequence.none
  /// The next number of a source, task, space, grouping, snapshot, plan or run.
  var nextSource: UInt32 = 0
  var nextTask: UInt32 = 1
  var nextSpace: UInt32 = 0
  var nextGrouping: UInt32 = 0
  var nextSnapshot: UInt32 = 0
  var nextPlan: UInt32 = 0
  var nextRun: UInt32 = 0
  var nextColumn: UInt32 = Column.firstDynamic
  /// How many groupings, snapshots and plans were dropped.
  var droppedGroupings: UInt32 = 0
  var droppedSnapshots: UInt32 = 0
  var droppedPlans: UInt32 = 0
  /// The dictionary that new samples are compressed with; 0 = none.
  public internal(set) var dictionary: UInt16 = 0
  /// The LMDB transaction that wrote these counters.
  var transaction: UInt64 = 0
  /// The next number of a length measure, and how many were dropped; not stored before there is one.
  var nextMeasure: UInt32 = 0
  var droppedMeasures: UInt32 = 0

  /// Samples that are in the store and not deleted.
  public var live: UInt64 { nextSample - deleted }

  func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(nextSample)
    writer.fixed(deleted)
    writer.fixed(quarantined)
    writer.fixed(lastSequence.rawValue)
    for value in [
      nextSource, nextTask, nextSpace, nextGrouping, nextSnapshot, nextPlan, nextRun, nextColumn,
      droppedGroupings, droppedSnapshots, droppedPlans,
    ] {
      writer.fixed(value)
    }
    writer.fixed(dictionary)
    writer.fixed(transaction)
    if nextMeasure > 0 {
      writer.fixed(nextMeasure)
      writer.fixed(droppedMeasures)
    }
    return Sealed.seal(writer.bytes, Self.place)
  }

  init() {}

  init(_ bytes: UnsafeRawBufferPointer) throws {
    self = try Sealed.decode(bytes, Self.place, "The store's counters") { reader in
      var counters = StoreCounters()
      counters.nextSample = try reader.fixed()
      counters.deleted = try reader.fixed()
      counters.quarantined = try reader.fixed()
      counters.lastSequence = LogSequence(try reader.fixed())
      // Not by key paths: this is read at the start of every transaction.
      counters.nextSource = try reader.fixed()
      counters.nextTask = try reader.fixed()
      counters.nextSpace = try reader.fixed()
      counters.nextGrouping = try reader.fixed()
      counters.nextSnapshot = try reader.fixed()
      counters.nextPlan = try reader.fixed()
      counters.nextRun = try reader.fixed()
      counters.nextColumn = try reader.fixed()
      counters.droppedGroupings = try reader.fixed()
      counters.droppedSnapshots = try reader.fixed()
      counters.droppedPlans = try reader.fixed()
      counters.dictionary = try reader.fixed()
      counters.transaction = try reader.fixed()
      if reader.remaining > 0 {
        counters.nextMeasure = try reader.fixed()
        counters.droppedMeasures = try reader.fixed()
      }
      guard counters.deleted <= counters.nextSample, counters.droppedGroupings <= counters.nextGrouping,
        counters.droppedSnapshots <= counters.nextSnapshot, counters.droppedPlans <= counters.nextPlan,
        counters.droppedMeasures <= counters.nextMeasure
      else { throw CohortError.invalid("a count of what was deleted") }
      return counters
    }
  }
}
