public import CohortCore

extension LogEvent {
  /// A grouping was defined; its groups come with the rounds that follow.
  public struct GroupingCreated: LogEventKind {
    public static let kind = LogKind(4, "grouping-created")
    /// Never given to another grouping.
    public var id: GroupingID
    /// Unique among the groupings at that time.
    public var name: String
    /// What the groups are made by.
    public var definition: GroupingDefinition

    public var fields: [LogField] {
      [
        .id("grouping", id.rawValue, in: .summary), .text("name", name),
        LogField("definition", .definition(definition)),
      ]
    }
  }
}

extension LogEvent.GroupingCreated {
  init(from reader: inout ByteReader) throws {
    self.init(
      id: GroupingID(try reader.fixed()), name: try reader.string(), definition: try GroupingDefinition(from: &reader))
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
    definition.encode(into: &writer)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) { history.groupings.insert(id) }
}
