public import CohortCore

extension LogEvent {
  /// A grouping is gone, with its groups. Snapshots keep its membership.
  public struct GroupingDropped: LogEventKind {
    public static let kind = LogKind(5, "grouping-dropped")
    /// The grouping that is gone; its id is never given again.
    public var id: GroupingID

    public var fields: [LogField] { [.id("grouping", id.rawValue)] }
  }
}

extension LogEvent.GroupingDropped {
  init(from reader: inout ByteReader) throws { self.init(id: GroupingID(try reader.fixed())) }

  func encode(into writer: inout ByteWriter) { writer.fixed(id.rawValue) }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if history.groupings.remove(id) == nil { problem("grouping \(id) was not there") }
  }
}
