internal import CohortCore

extension LogEvent {
  /// A saved query is gone.
  public struct QueryDropped: LogEventKind {
    public static let kind = LogKind(26, "query-dropped")
    /// The name that it had, which is free again.
    public var name: String

    public var fields: [LogField] { [.text("name", name)] }
  }
}

extension LogEvent.QueryDropped {
  init(from reader: inout ByteReader) throws { self.init(name: try reader.string()) }

  func encode(into writer: inout ByteWriter) { writer.string(name) }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if history.queries.removeValue(forKey: name) == nil { problem("query \"\(name)\" was not there") }
  }
}
