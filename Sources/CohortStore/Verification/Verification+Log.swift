internal import CohortCore
internal import CohortLMDB

/// What the log says of the rest of the store.
struct LogHistory {
  var inserted: UInt64 = 0
  var quarantined: UInt64 = 0
  var deleted: UInt64 = 0
  var sources: UInt32 = 0
  var tasks: UInt32 = 1
  /// Embedding spaces that were not dropped, and the one that was made the default last.
  var spaces: Set<SpaceID> = []
  var defaultSpace: SpaceID?
  /// Vectors given to a space.
  var vectors: [SpaceID: UInt64] = [:]
  /// Measures that were not dropped: samples measured by them, and where these end.
  var measures: [MeasureID: (samples: UInt64, end: UInt64)] = [:]
  var groupings: Set<GroupingID> = []
  /// Snapshots and plans that were not dropped, and the digests they were logged with.
  var snapshots: [UInt32: Digest128] = [:]
  var plans: [UInt32: Digest128] = [:]
  var dictionary: UInt16 = 0
}

extension Verification {
  func checkMeta() {
    forEach(tables.meta) { (key: [UInt8], value: UnsafeRawBufferPointer) in
      switch key {
      case StoreFormat.key: _ = try StoreFormat.Record(value)
      case StoreIdentity.key: _ = try StoreIdentity(value)
      case StoreCounters.key: _ = try StoreCounters(value)
      case IdentityDirectory.key: _ = try IdentityDirectory(value)
      case SpaceChanges.key: _ = try SpaceChanges(value)
      default: break
      }
    }
  }

  func checkLog(_ transaction: borrowing ReadTransaction) {
    var expected: UInt64 = 1
    var isWhole = true
    forEach(tables.log) { (key: UInt64, value: UnsafeRawBufferPointer) in
      if key != expected { isWhole = false }
      expect(key == expected, "log entry \(expected)", "it is missing: the next one is \(key)")
      expected = key + 1
      do {
        history.add(try LogEntry(sequence: LogSequence(key), value).event) { problem("log entry \(key)", $0) }
      } catch {
        isWhole = false
        throw error
      }
    }
    expect(
      expected == counters.lastSequence.rawValue + 1, "log", "it ends with \(expected - 1) of \(counters.lastSequence)")
    // With a hole in the log, the sums below would only repeat that.
    guard isWhole else { return }
    func compare(_ what: String, _ log: UInt64, _ counter: UInt64) {
      expect(log == counter, "log", "its entries tell of \(log) \(what), the counters of \(counter)")
    }
    compare("samples", history.inserted, counters.nextSample)
    compare("deleted samples", history.deleted, counters.deleted)
    compare("quarantined records", history.quarantined, counters.quarantined)
    compare("sources", UInt64(history.sources), UInt64(counters.nextSource))
    compare("tasks", UInt64(history.tasks), UInt64(counters.nextTask))
    compare("length measures", UInt64(history.measures.count), UInt64(counters.records(of: .measure)))
    let changes = collect("meta") { try SpaceChanges(in: unsafe, tables) } ?? SpaceChanges()
    compare("embedding spaces", UInt64(history.spaces.count) + UInt64(changes.dropped), UInt64(counters.nextSpace))
    expect(history.defaultSpace == changes.chosen, "log", "its last default space is not the one that the store has")
    compare("groupings", UInt64(history.groupings.count), UInt64(counters.records(of: .grouping)))
    compare("snapshots", UInt64(history.snapshots.count), UInt64(counters.records(of: .snapshot)))
    compare("plans", UInt64(history.plans.count), UInt64(counters.records(of: .plan)))
    compare("dictionaries", UInt64(history.dictionary), UInt64(counters.dictionary))
  }
}

extension LogHistory {
  /// Adds an event; `problem` is told what does not fit to the events before.
  mutating func add(_ event: LogEvent, _ problem: (String) -> Void) {
    switch event {
    case .ingest(let ingest):
      if ingest.first.rawValue != inserted { problem("its samples begin with \(ingest.first), not \(inserted)") }
      if ingest.firstQuarantined != quarantined {
        problem("its quarantined records begin with \(ingest.firstQuarantined), not \(quarantined)")
      }
      if ingest.firstNewTask.rawValue != tasks { problem("its tasks begin with \(ingest.firstNewTask), not \(tasks)") }
      if let new = ingest.newSource, ingest.source.rawValue != sources {
        problem("source \"\(new.name)\" is \(ingest.source), not \(sources)")
      }
      inserted &+= ingest.inserted
      quarantined &+= ingest.quarantined
      tasks &+= UInt32(truncatingIfNeeded: ingest.newTasks.count)
      sources &+= ingest.newSource == nil ? 0 : 1
    case .spaceCreated(let created): spaces.insert(created.id)
    case .spaceMadeDefault(let id, _):
      if !spaces.contains(id) { problem("embedding space \(id) is not there") }
      defaultSpace = id
    case .spaceDropped(let id, _):
      if spaces.remove(id) == nil { problem("embedding space \(id) was not there") }
      if defaultSpace == id { problem("it drops the default space") }
    case .embed(let embed):
      if !spaces.contains(embed.space) { problem("embedding space \(embed.space) is not there") }
      vectors[embed.space, default: 0] &+= embed.ranges.reduce(0) { $0 &+ $1.count }
    case .delete(let delete):
      deleted &+= UInt64(delete.ids.count)
      if let id = delete.ids.first(where: { $0.rawValue >= inserted }) {
        problem("it deletes \(id), which is not there")
      }
    case .groupingCreated(let created): groupings.insert(created.id)
    case .groupingDropped(let id): if groupings.remove(id) == nil { problem("grouping \(id) was not there") }
    case .round(let round):
      if !groupings.contains(round.grouping) { problem("grouping \(round.grouping) is not there") }
    case .snapshotCreated(let created): snapshots[created.id] = created.digest
    case .snapshotDropped(let id, _):
      if snapshots.removeValue(forKey: id) == nil { problem("snapshot \(id) was not there") }
    case .planCreated(let created):
      plans[created.id] = created.hash
      if snapshots[created.snapshot] == nil { problem("snapshot \(created.snapshot) is not there") }
    case .planDropped(let id, _): if plans.removeValue(forKey: id) == nil { problem("plan \(id) was not there") }
    case .dictionaryTrained(let number, _): dictionary = number
    case .measureCreated(let created): measures[created.id] = (0, 0)
    case .measureDropped(let id, _):
      if measures.removeValue(forKey: id) == nil { problem("length measure \(id) was not there") }
    case .measured(let measured):
      guard let before = measures[measured.measure], before.end < measured.end, measured.end <= inserted else {
        return problem("its samples do not follow those that length measure \(measured.measure) has")
      }
      measures[measured.measure] = (before.samples &+ measured.ranges.reduce(0) { $0 &+ $1.count }, measured.end)
    case .storeCreated, .runCreated, .checkpoint: break
    }
  }
}
