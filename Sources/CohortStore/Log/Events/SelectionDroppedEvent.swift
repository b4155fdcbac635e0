internal import CohortCore

extension LogEvent {
  /// A core set is gone.
  public struct SelectionDropped: LogEventKind {
    public static let kind = LogKind(24, "selection-dropped")
    /// The selection that is gone; its id is never given again.
    public var id: UInt32
    /// The name that it had, which is free again.
    public var name: String

    public var fields: [LogField] { [.id("selection", id, in: .summary), .text("name", name)] }
  }
}

extension LogEvent.SelectionDropped {
  init(from reader: inout ByteReader) throws {
    self.init(id: try reader.fixed(), name: try reader.string())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if history.selections.removeValue(forKey: id) == nil { problem("selection \(id) was not there") }
  }
}
