internal import CohortCore

extension LogEvent {
  /// An embedding space is gone, with its vectors. Its id is never given again.
  public struct SpaceDropped: LogEventKind {
    public static let kind = LogKind(19, "space-dropped")
    /// The space that is gone.
    public var id: SpaceID
    /// The name that it had, which is free again.
    public var name: String

    public var fields: [LogField] { [.id("space", id.rawValue), .text("name", name)] }
  }
}

extension LogEvent.SpaceDropped {
  init(from reader: inout ByteReader) throws {
    self.init(id: SpaceID(try reader.fixed()), name: try reader.string())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if history.spaces.remove(id) == nil { problem("embedding space \(id) was not there") }
    if history.defaultSpace == id { problem("it drops the default space") }
  }
}
