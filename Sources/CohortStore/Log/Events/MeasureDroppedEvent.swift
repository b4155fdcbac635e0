internal import CohortCore

extension LogEvent {
  /// A length measure is gone, with its lengths.
  public struct MeasureDropped: LogEventKind {
    public static let kind = LogKind(17, "length-dropped")
    /// The measure that is gone; its id is never given again.
    public var id: MeasureID
    /// The name that it had, which is free again.
    public var name: String

    public var fields: [LogField] { [.id("measure", id.rawValue, in: .summary), .text("name", name)] }
  }
}

extension LogEvent.MeasureDropped {
  init(from reader: inout ByteReader) throws {
    self.init(id: MeasureID(try reader.fixed()), name: try reader.string())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if history.measures.removeValue(forKey: id) == nil { problem("length measure \(id) was not there") }
  }
}
