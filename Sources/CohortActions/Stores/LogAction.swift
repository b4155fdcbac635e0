internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `log`: what changed the store, in order.
public struct LogAction: ListAction {
  public static let name = "log"
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
    let wanted = kinds.isEmpty ? Set(LogKind.allCases) : kinds
    while next <= end {
      var block: [LogEntry] = []
      next = try store.read { transaction in
        try transaction.forEachEntry(of: wanted, from: next) { entry in
          if entry.sequence <= end { block.append(entry) }
          return entry.sequence < end && block.count < Self.blockEntries
        }
      }
      for entry in block {
        try row([
          "sequence": .sequence(entry.sequence), "time": .time(entry.time), "kind": .text(entry.event.kind.name),
          "details": .record(entry.event.details),
        ])
      }
    }
  }
}

extension LogPayload {
  /// What happened, as named values.
  fileprivate var details: ReportRecord {
    ReportRecord(fields.filter { $0.views.contains(.listing) }.map { (name: $0.name, value: $0.value.report) })
  }
}

extension LogField.Value {
  fileprivate var report: ReportValue {
    switch self {
    case .none: .null
    case .boolean(let value): .boolean(value)
    case .count(let value), .id(let value): .unsigned(value)
    case .text(let value), .digest(let value): .text(value)
    case .definition(let definition): .text(definition.text)
    }
  }
}
