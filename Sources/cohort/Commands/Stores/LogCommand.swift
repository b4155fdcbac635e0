import ArgumentParser
import CohortCore
import CohortStore

/// `cohort log`
struct LogCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Show what changed the store, in order.",
    discussion: examples("cohort log", "cohort log --last 5", "cohort log --from 120 --kind ingest --json"))

  @Option(help: ArgumentHelp("The first sequence number to show.", valueName: "n")) var from: UInt64 = 1
  @Option(help: ArgumentHelp("Only this many of the newest entries.", valueName: "n")) var last: UInt64?
  @Option(help: "Only entries of this kind; may be repeated.") var kind: [LogKindArgument] = []
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let printer = session.output.rows(["sequence", "time", "kind", "details"])
    let store = try session.readableStore()
    let end = try store.read { try $0.counters.lastSequence }
    var next = LogSequence(max(from, 1))
    if let last, end.rawValue >= last { next = max(next, LogSequence(end.rawValue - last + 1)) }
    while next <= end {
      // Printed outside of the transaction, a block at a time: whoever reads the output may be slow.
      var block: [LogEntry] = []
      try store.read { transaction in
        try transaction.forEachEntry(from: next) { entry in
          block.append(entry)
          return block.count < 256 && entry.sequence < end
        }
      }
      guard let reached = block.last?.sequence else { break }
      for entry in block where kind.isEmpty || kind.contains(where: { $0.kind == entry.event.kind }) {
        try printer.print([
          "sequence": .sequence(entry.sequence), "time": .time(entry.time), "kind": .text(entry.event.kind.name),
          "details": .record(entry.event.details),
        ])
      }
      next = reached.next
    }
    try printer.finish()
    return .done
  }
}

extension LogEvent {
  /// What happened, as named values.
  var details: OutputRecord {
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
