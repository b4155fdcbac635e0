internal import CohortCore
internal import CohortLMDB

/// What the log says of the rest of the store.
struct LogHistory {
  var inserted: UInt64 = 0
  var quarantined: UInt64 = 0
  var deleted: UInt64 = 0
  /// Changes of labels, a sample as often as its labels changed.
  var relabelled: UInt64 = 0
  var sources: UInt32 = 0
  var tasks: UInt32 = 1
  /// What was said of sources last.
  var terms: [SourceID: SourceTerms] = [:]
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
  /// Selections that were not dropped, and their digests.
  var selections: [UInt32: Digest128] = [:]
  /// Maps that were not dropped, and the digests that they had last.
  var maps: [UInt32: Digest128] = [:]
  /// The statements of queries that were not dropped.
  var queries: [String: String] = [:]
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
      case SnapshotDrafts.key: _ = try SnapshotDrafts(value)
      case PackingState.key: _ = try PackingState(value)
      default: break
      }
    }
  }

  func expectFeature(of optional: OptionalTable) {
    let format = collect("meta") { try unsafe.get(tables.meta, StoreFormat.key).map { try StoreFormat.Record($0) } }
    expect(
      format??.contains(optional.feature) == true, "table \(optional.definition.name)",
      "the store's format does not tell of it")
  }

  /// An optional table that is there is named by the format, and its values are where they belong.
  func check(_ optional: OptionalTable) {
    guard let table = unsafe.table(optional.definition) else { return }
    let name = optional.definition.name
    expectFeature(of: optional)
    switch table.key {
    case .bytes:
      forEach(table) { (key: [UInt8], value: UnsafeRawBufferPointer) in
        _ = try Sealed.open(value, SealPlace(number: optional.number, XXH3.hash64(key)), "A value of \(name)")
      }
    case .integer:
      forEach(table) { (key: UInt64, value: UnsafeRawBufferPointer) in
        _ = try Sealed.open(value, SealPlace(number: optional.number, key), "A value of \(name)")
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
        try LogEntry(sequence: LogSequence(key), value).payload.check(&history) { problem("log entry \(key)", $0) }
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
    for source in collect("sources", { try transaction.sources() }) ?? [] {
      expect(
        source.terms == history.terms[source.id] ?? SourceTerms(), "source \(source.id)",
        "its licence or owner is not that of the log")
    }
    compare("tasks", UInt64(history.tasks), UInt64(counters.nextTask))
    compare("length measures", UInt64(history.measures.count), UInt64(counters.records(of: .measure)))
    let changes = collect("meta") { try SpaceChanges(in: unsafe, tables) } ?? SpaceChanges()
    compare("embedding spaces", UInt64(history.spaces.count) + UInt64(changes.dropped), UInt64(counters.nextSpace))
    expect(history.defaultSpace == changes.chosen, "log", "its last default space is not the one that the store has")
    compare("groupings", UInt64(history.groupings.count), UInt64(counters.records(of: .grouping)))
    compare("snapshots", UInt64(history.snapshots.count), UInt64(counters.records(of: .snapshot)))
    compare("plans", UInt64(history.plans.count), UInt64(counters.records(of: .plan)))
    let queries = collect("queries") { try transaction.queries() } ?? []
    expect(
      Dictionary(queries.map { ($0.name, $0.sql) }) { $1 } == history.queries, "log",
      "its saved queries are not those that the store has")
    compare("dictionaries", UInt64(history.dictionary), UInt64(counters.dictionary))
  }
}
