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

extension LogPayload {
  /// What happened, as named values.
  fileprivate var details: OutputRecord {
    OutputRecord(fields.filter { $0.views.contains(.listing) }.map { (name: $0.name, value: $0.value.output) })
  }
}

extension LogField.Value {
  fileprivate var output: OutputValue {
    switch self {
    case .none: .null
    case .boolean(let value): .boolean(value)
    case .count(let value), .id(let value): .unsigned(value)
    case .text(let value), .digest(let value): .text(value)
    case .definition(let definition): .text(definition.text)
    }
  }
}
