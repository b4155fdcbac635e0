internal import CohortCore
internal import CohortStore

/// Some entries of the log with what they point at, read in one short transaction of the store and applied in one of the
/// catalog.
struct LogSlice {
  struct Item {
    var entry: LogEntry
    /// For ingests and deletions: how many of the samples have which task.
    var tasks: [UInt32: UInt64] = [:]
    /// For ingests: the records that went into quarantine, without their bytes.
    var quarantined: [Refusal] = []
  }

  /// A record in quarantine; of its bytes only the first.
  struct Refusal {
    var line: UInt64
    var reason: String
    var detail: String
    var rawSize: UInt64
    var excerpt: [UInt8]

    static let excerptLimit = 256
  }

  private(set) var items: [Item] = []
  /// Whether the log has no more entries than these.
  private(set) var isLast = true

  /// What a slice holds at most besides entries, so that its memory does not depend on what was ingested.
  private static let weightLimit = 50_000

  /// Reads entries after `applied`.
  init(_ transaction: borrowing ReadTransaction, after applied: LogSequence, limit: Int) throws {
    var weight = 0
    try transaction.forEachEntry(from: applied.next) { entry in
      guard items.count < limit, weight < Self.weightLimit else {
        isLast = false
        return false
      }
      guard entry.sequence.rawValue == applied.rawValue + UInt64(items.count) + 1 else {
        throw CohortError.unreadable(entry.sequence, "The log", cause: "an entry before this one is missing")
      }
      var item = Item(entry: entry)
      switch entry.event {
      case let event as LogEvent.Ingest:
        let range = IDRange(first: event.first, count: event.inserted)
        try Self.countTasks(transaction, of: [range], into: &item.tasks)
        try transaction.forEachFirstLabels(of: range) { id, labels in
          // The column has the task of today.
          let today = try transaction.uint32(Column.task, id)
          item.tasks[today, default: 0] -= 1
          item.tasks[labels.task.rawValue, default: 0] += 1
        }
        for number in 0..<event.quarantined {
          item.quarantined.append(try Self.refusal(transaction, event.firstQuarantined + number, in: entry))
        }
        weight += item.quarantined.count
      case let event as LogEvent.Delete:
        let ranges = IDRange.runs(event.ids)
        try Self.countTasks(transaction, of: ranges, into: &item.tasks)
        weight += ranges.count
      case let event as LogEvent.Round: weight += event.events.count
      default: break
      }
      items.append(item)
      return true
    }
  }

  private static func refusal(
    _ transaction: borrowing ReadTransaction, _ number: UInt64, in entry: LogEntry
  ) throws -> Refusal {
    guard let record = try transaction.quarantined(number) else {
      throw CohortError.unreadable(entry.sequence, "Quarantined record \(number)", cause: "it is missing")
    }
    return Refusal(
      line: record.line, reason: record.reason, detail: record.detail, rawSize: record.rawSize,
      excerpt: Array(record.raw.prefix(Refusal.excerptLimit)))
  }

  /// By the tasks that samples have today. Those of deleted samples never change: the column says what it said then.
  private static func countTasks(
    _ transaction: borrowing ReadTransaction, of ranges: [IDRange], into counts: inout [UInt32: UInt64]
  ) throws {
    for range in ranges {
      let rows = range.first.rawValue..<(range.first.rawValue + range.count)
      try transaction.forEachBlock(of: [Column.task], in: rows, areDeletedMarked: false) { block in
        for row in 0..<block.count { counts[block.uint32(0, row), default: 0] += 1 }
        return true
      }
    }
  }
}
