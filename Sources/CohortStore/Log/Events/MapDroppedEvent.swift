internal import CohortCore

extension LogEvent {
  /// A map is gone.
  public struct MapDropped: LogEventKind {
    public static let kind = LogKind(29, "map-dropped")
    /// The map that is gone; its id is never given again.
    public var id: UInt32
    /// The name that it had, which is free again.
    public var name: String

    public var fields: [LogField] { [.id("map", id, in: .summary), .text("name", name)] }
  }
}

extension LogEvent.MapDropped {
  init(from reader: inout ByteReader) throws {
    self.init(id: try reader.fixed(), name: try reader.string())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if history.maps.removeValue(forKey: id) == nil { problem("map \(id) was not there") }
  }
}
