internal import CohortCore

extension LogEvent {
  /// A length measure is gone, with its lengths.
  public struct MeasureDropped: LogEventKind {
    public static let kind = LogKind(17, "length-dropped")
    public var id: MeasureID
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
