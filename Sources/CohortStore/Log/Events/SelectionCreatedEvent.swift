public import CohortCore

extension LogEvent {
  /// A core set of a snapshot was stored.
  public struct SelectionCreated: LogEventKind {
    public static let kind = LogKind(23, "selection-created")
    /// Never given to another selection.
    public var id: UInt32
    /// Unique among the selections at that time.
    public var name: String
    /// Number of the snapshot that it was chosen from.
    public var snapshot: UInt32
    /// How it was chosen, in a word.
    public var method: String
    /// How many samples it has.
    public var count: UInt64
    /// Of the ids in their order.
    public var digest: Digest128

    public var fields: [LogField] {
      [
        .id("selection", id, in: .summary), .text("name", name), .id("snapshot", snapshot),
        .text("method", method), .count("count", count), .digest("digest", digest),
      ]
    }
  }
}

extension LogEvent.SelectionCreated {
  init(from reader: inout ByteReader) throws {
    self.init(
      id: try reader.fixed(), name: try reader.string(), snapshot: try reader.fixed(), method: try reader.string(),
      count: try reader.varint(), digest: try reader.digest())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
    writer.fixed(snapshot)
    writer.string(method)
    writer.varint(count)
    writer.digest(digest)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    history.selections[id] = digest
    if history.snapshots[snapshot] == nil { problem("snapshot \(snapshot) is not there") }
  }
}
