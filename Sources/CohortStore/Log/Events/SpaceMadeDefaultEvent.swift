internal import CohortCore

extension LogEvent {
  /// The space that is taken where none is named.
  public struct SpaceMadeDefault: LogEventKind {
    public static let kind = LogKind(20, "space-made-default")
    /// The default space from this entry on.
    public var id: SpaceID
    /// The name that the space had then.
    public var name: String

    public var fields: [LogField] { [.id("space", id.rawValue), .text("name", name)] }
  }
}

extension LogEvent.SpaceMadeDefault {
  init(from reader: inout ByteReader) throws {
    self.init(id: SpaceID(try reader.fixed()), name: try reader.string())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if !history.spaces.contains(id) { problem("embedding space \(id) is not there") }
    history.defaultSpace = id
  }
}
