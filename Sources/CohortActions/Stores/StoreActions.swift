internal import CohortCatalog
internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `info`: what the store holds and what it takes.
public struct InfoAction: RecordAction {
  public static let name = "info"
  public var access: ActionAccess { .reads }

  /// Tells of the whole store.
  public init() {}

  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    let sizes = try store.sizes()
    var record: ReportRecord = [
      "store": .text(store.path), "id": .digest(store.id), "created": .time(store.created),
      "length_unit": .text(store.configuration.lengthUnit.name), "dedupe": .text(store.configuration.dedupe.name),
    ]
    try store.read { transaction in
      let counters = try transaction.counters
      record.append("samples", .count(counters.live))
      record.append("deleted", .count(counters.deleted))
      record.append("quarantined", .count(counters.quarantined))
      record.append("log_sequence", .sequence(counters.lastSequence))
      let sources = try transaction.sources()
      record.append("sources", .count(sources.count))
      for (name, term) in [("licences", SourceTerms.Term.licence), ("owners", .owner)] {
        let counts = Dictionary(sources.compactMap { $0.terms[term].map { ($0, 1) } }, uniquingKeysWith: +)
        guard !counts.isEmpty else { continue }
        let rows = counts.sorted { $0.key < $1.key }.map { (name: $0.key, value: ReportValue.count($0.value)) }
        record.append(name, .record(ReportRecord(rows)))
      }
      record.append("tasks", .count(try transaction.tasks().count))
      let spaces = try transaction.spaces().map { $0.record.adding(try transaction.vectorCounts(in: $0)) }
      record.append("spaces", .list(spaces.map { .record($0) }))
      record.append("lengths", .list(try transaction.lengthMeasures(of: store.configuration).map { .record($0) }))
      record.append("groupings", .list(try transaction.groupings().map { .text($0.name) }))
      record.append("snapshots", .list(try transaction.snapshots().map { .text($0.name) }))
      record.append("selections", .list(try transaction.selections().map { .text($0.name) }))
      record.append("plans", .list(try transaction.plans().map { .text($0.name) }))
      record.append("runs", .list(try transaction.runs().map { .text($0.name) }))
      let waiting = try Backlog(transaction).parts.map { ($0.part.text, ReportValue.count($0.samples)) }
      record.append("backlog", .record(ReportRecord(waiting.map { (name: $0.0, value: $0.1) })))
    }
    record.append("file_bytes", .count(sizes.fileBytes))
    record.append("disk_bytes", sizes.diskBytes.map { .count($0) } ?? .null)
    record.append("map_bytes", .count(sizes.mapBytes))
    record.append("free_disk_bytes", sizes.freeDiskBytes.map { .count($0) } ?? .null)
    record.append(
      "owner",
      store.owner.map { .record(["name": .text($0.name), "process": .integer(Int64($0.process))]) } ?? .null)
    record.append("readers", .count(sizes.readers))
    record.append("reader_lag", .count(try store.readerLag() ?? 0))
    if let turn = store.overdueTurn {
      record.append(
        "overdue_turn",
        .record([
          "holder": .text(turn.name), "since": .time(turn.since), "seconds": .number(turn.seconds),
          "waiting": .count(turn.waiting),
        ]))
    }
    return PlainReport(record)
  }
}

/// `backup`: copies the store, with its models and tokenizers, while it is in use.
public struct BackupAction: RecordAction {
  public static let name = "backup"
  public var access: ActionAccess { .reads }
  /// The folder to make; it must not exist or be empty.
  public var destination: String

  public init(destination: String) { self.destination = destination }

  /// Copies one state of the store, and opens the copy to say what is in it.
  /// - Throws: `store.exists`, `store.not-empty`; `pipeline.no-model`, `pipeline.no-tokenizer` and what else the copy would
  ///   lack. Then there is no copy.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try BackupJob.run(store, to: destination)
    let copy = try Store.open(at: destination)
    let counters = try copy.read { try $0.counters }
    return PlainReport([
      "backup": .text(destination), "id": .digest(copy.id), "samples": .count(counters.live),
      "log_sequence": .sequence(counters.lastSequence), "file_bytes": .count(try copy.sizes().fileBytes),
    ])
  }
}

/// `rebuild-catalog`: makes the SQL catalog anew from the log.
public struct RebuildCatalogAction: RecordAction {
  public static let name = "rebuild-catalog"
  public var access: ActionAccess { .rebuilds }

  /// Makes the whole catalog anew.
  public init() {}

  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    let catalog = try Catalog(of: store)
    let refresh = try catalog.rebuild(from: store)
    return PlainReport([
      "catalog": .text(catalog.path), "entries": .count(refresh.entries), "applied": .sequence(refresh.applied),
      "content_digest": .digest(try catalog.contentDigest()),
    ])
  }
}
