public import CohortCore

extension LogEvent {
  /// Samples were deleted. Their ids are never given again.
  public struct Delete: LogEventKind {
    public static let kind = LogKind(7, "delete")
    /// In the order in which the groupings see the deletions.
    public var ids: [SampleID]
    /// Given by whoever deleted them, for people.
    public var reason: String

    public var fields: [LogField] { [.count("samples", ids.count), .text("reason", reason)] }
  }
}

extension LogEvent.Delete {
  init(from reader: inout ByteReader) throws {
    let ranges = try reader.ranges()
    // An entry lists the ids of one transaction; a damaged count must not allocate without bound.
    guard ranges.reduce(0, { $0 &+ min($1.count, 1 << 32) }) <= 1 << 28 else {
      throw CohortError.invalid("the deleted ids")
    }
    ids = ranges.flatMap { range in (0..<range.count).map { SampleID(range.first.rawValue &+ $0) } }
    reason = try reader.string()
  }

  func encode(into writer: inout ByteWriter) {
    writer.ranges(IDRange.runs(ids))
    writer.string(reason)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    history.deleted &+= UInt64(ids.count)
    if let id = ids.first(where: { $0.rawValue >= history.inserted }) {
      problem("it deletes \(id), which is not there")
    }
  }

  /// All groupings follow deletions.
  func changes(in feed: Feed) -> LogChanges { .removed(ids) }
}
