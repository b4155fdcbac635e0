internal import CohortCore

extension LogEvent {
  /// A snapshot is gone, with its membership.
  public struct SnapshotDropped: LogEventKind {
    public static let kind = LogKind(9, "snapshot-dropped")
    /// The snapshot that is gone; its id is never given again.
    public var id: UInt32
    /// The name that it had, which is free again.
    public var name: String

    public var fields: [LogField] { [.id("snapshot", id, in: .summary), .text("name", name)] }
  }
}

extension LogEvent.SnapshotDropped {
  init(from reader: inout ByteReader) throws {
    self.init(id: try reader.fixed(), name: try reader.string())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if history.snapshots.removeValue(forKey: id) == nil { problem("snapshot \(id) was not there") }
  }
}
