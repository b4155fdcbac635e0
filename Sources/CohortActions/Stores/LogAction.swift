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
  /// Names in place of numbers. Programs get both: `grouping` is the number, `grouping_name` the name.
  public var forPeople: Bool

  /// Entries that are read in one transaction.
  private static let blockEntries = 256

  public init(from first: UInt64 = 1, last: UInt64? = nil, kinds: Set<LogKind> = [], forPeople: Bool = false) {
    self.first = first
    self.last = last
    self.kinds = kinds
    self.forPeople = forPeople
  }

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let end = try store.read { try $0.counters.lastSequence }
    var next = LogSequence(max(first, 1))
    if let last, end.rawValue >= last { next = max(next, LogSequence(end.rawValue - last + 1)) }
    let wanted = kinds.isEmpty ? Set(LogKind.allCases) : kinds
    var names = LogNames()
    while next <= end {
      var block: [(entry: LogEntry, details: ReportRecord)] = []
      next = try store.read { transaction in
        var entries: [LogEntry] = []
        let next = try transaction.forEachEntry(of: wanted, from: next) { entry in
          if entry.sequence <= end { entries.append(entry) }
          return entry.sequence < end && entries.count < Self.blockEntries
        }
        block = try entries.map { ($0, try $0.event.details(forPeople, &names, transaction)) }
        return next
      }
      for (entry, details) in block {
        try row([
          "sequence": .sequence(entry.sequence), "time": .time(entry.time), "kind": .text(entry.event.kind.name),
          "details": .record(details),
        ])
      }
    }
  }
}

extension LogPayload {
  /// What happened, as named values.
  fileprivate func details(
    _ forPeople: Bool, _ names: inout LogNames, _ transaction: borrowing ReadTransaction
  ) throws -> ReportRecord {
    var record = ReportRecord()
    for field in fields where field.views.contains(.listing) {
      // What an entry is about has its name beside it: `space-dropped`, with the number of the space and its name.
      let isNamed = kind.name.hasPrefix(field.name) && fields.contains { $0.name == "name" }
      guard case .id(let number) = field.value, !isNamed,
        let name = try names.name(field.name, number, transaction)
      else {
        record.append(field.name, field.value.report)
        continue
      }
      record.append(field.name, forPeople ? .text(name) : field.value.report)
      if !forPeople { record.append("\(field.name)_name", .text(name)) }
    }
    return record
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
