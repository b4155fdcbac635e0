internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `log`: what changed the store, in order.
public struct LogAction: ListAction {
  public static let name = "log"
  public var access: ActionAccess { .reads }
  public static let columns: [ReportColumn] = ["sequence", "time", "kind", "details"]
  /// The first sequence number to show.
  public var first: UInt64
  /// Only this many of the newest entries; nil for all.
  public var last: UInt64?
  /// Only entries of these kinds; empty for all.
  public var kinds: Set<LogKind>

  /// Entries that are read in one transaction.
  private static let blockEntries = 256

  public init(from first: UInt64 = 1, last: UInt64? = nil, kinds: Set<LogKind> = []) {
    self.first = first
    self.last = last
    self.kinds = kinds
  }

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let end = try store.read { try $0.counters.lastSequence }
    var next = LogSequence(max(first, 1))
    if let last, end.rawValue >= last { next = max(next, LogSequence(end.rawValue - last + 1)) }
    while next <= end {
      var block: [LogEntry] = []
      try store.read { transaction in
        try transaction.forEachEntry(from: next) { entry in
          block.append(entry)
          return block.count < Self.blockEntries && entry.sequence < end
        }
      }
      guard let reached = block.last?.sequence else { break }
      for entry in block where kinds.isEmpty || kinds.contains(entry.event.kind) {
        try row([
          "sequence": .sequence(entry.sequence), "time": .time(entry.time), "kind": .text(entry.event.kind.name),
          "details": .record(entry.event.details),
        ])
      }
      next = reached.next
    }
  }
}

extension LogEvent {
  /// What happened, as named values.
  var details: ReportRecord {
    switch self {
    case .storeCreated(let id, let configuration):
      return [
        "id": .digest(id), "length_unit": .text(configuration.lengthUnit.name),
        "dedupe": .text(configuration.dedupe.name),
      ]
    case .ingest(let event):
      return [
        "source": .unsigned(UInt64(event.source.rawValue)), "first": .id(event.first),
        "inserted": .count(event.inserted), "duplicates": .count(event.duplicates),
        "quarantined": .count(event.quarantined), "new_tasks": .count(event.newTasks.count),
      ]
    case .embed(let event):
      return [
        "space": .unsigned(UInt64(event.space.rawValue)), "vectors": .count(event.ranges.reduce(0) { $0 + $1.count }),
        "without": .count(event.without.reduce(0) { $0 + $1.count }), "refused": .count(event.refused.count),
      ]
    case .groupingCreated(let event):
      return ["name": .text(event.name), "definition": .text(event.definition.text)]
    case .groupingDropped(let id): return ["grouping": .unsigned(UInt64(id.rawValue))]
    case .round(let event):
      return [
        "grouping": .unsigned(UInt64(event.grouping.rawValue)), "assigned": .count(event.assigned),
        "events": .count(event.events.count), "applied": .sequence(event.applied.sequence),
        "provisional": .boolean(event.provisional), "state": .count(event.state),
      ]
    case .delete(let event): return ["samples": .count(event.ids.count), "reason": .text(event.reason)]
    case .snapshotCreated(let event):
      return ["name": .text(event.name), "samples": .count(event.samples), "digest": .digest(event.digest)]
    case .snapshotDropped(_, let name), .planDropped(_, let name): return ["name": .text(name)]
    case .planCreated(let event): return ["name": .text(event.name), "plan_hash": .digest(event.hash)]
    case .checkpoint(let event):
      return [
        "run": .text(event.run), "number": .count(event.number), "epoch": .count(event.epoch),
        "step": .count(event.step), "bytes": .count(event.stateBytes),
      ]
    case .dictionaryTrained(let number, let bytes):
      return ["dictionary": .unsigned(UInt64(number)), "bytes": .count(bytes)]
    case .spaceCreated(let event):
      return [
        "name": .text(event.name), "provider": .text(event.provider), "dimension": .count(event.dimension),
        "fingerprint": .text(event.fingerprint), "text": .text(event.recipe.text.name),
      ]
    case .spaceDropped(let id, let name), .spaceMadeDefault(let id, let name):
      return ["space": .unsigned(UInt64(id.rawValue)), "name": .text(name)]
    case .runCreated(let name, let plan, let hash):
      return ["name": .text(name), "plan": .text(plan), "plan_hash": .digest(hash)]
    case .measureCreated(let event):
      return [
        "name": .text(event.name), "unit": .text(event.unit.name),
        "tokenizer": event.tokenizer.map { .digest($0) } ?? .null,
      ]
    case .measureDropped(_, let name): return ["name": .text(name)]
    case .measured(let event):
      return [
        "measure": .unsigned(UInt64(event.measure.rawValue)),
        "samples": .count(event.ranges.reduce(0) { $0 + $1.count }),
      ]
    }
  }
}
