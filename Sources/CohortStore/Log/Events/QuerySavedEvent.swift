internal import CohortCore

extension LogEvent {
  /// A query is kept under a name, perhaps instead of another one.
  public struct QuerySaved: LogEventKind {
    public static let kind = LogKind(25, "query-saved")
    /// The query's name.
    public var name: String
    /// The statement.
    public var sql: String
    /// What it is good for; nil when nobody said.
    public var about: String?

    public var fields: [LogField] {
      [.text("name", name), .text("sql", sql, in: .listing)] + (about.map { [.text("about", $0, in: .listing)] } ?? [])
    }
  }
}

extension LogEvent.QuerySaved {
  init(from reader: inout ByteReader) throws {
    self.init(name: try reader.string(), sql: try reader.string(), about: try reader.optionalString())
  }

  func encode(into writer: inout ByteWriter) {
    writer.string(name)
    writer.string(sql)
    writer.optional(about)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) { history.queries[name] = sql }
}
