public import CohortCore

extension LogEvent {
  /// Samples were laid out on a new map.
  public struct MapCreated: LogEventKind {
    public static let kind = LogKind(27, "map-created")
    /// Never given to another map.
    public var id: UInt32
    /// Unique among the maps at that time.
    public var name: String
    /// The grouping whose rounds it follows.
    public var grouping: GroupingID
    /// The space whose vectors it looks at.
    public var space: SpaceID
    /// Which rules the places were made by.
    public var rules: UInt32
    /// Records of the grouping's feed whose samples have places.
    public var through: FeedPosition
    /// How many samples have places.
    public var count: UInt64
    /// Cells through which neighbours were found.
    public var cells: UInt32
    /// Of all places.
    public var digest: Digest128

    public var fields: [LogField] {
      [
        .id("map", id, in: .summary), .text("name", name), .id("grouping", grouping.rawValue, in: .summary),
        .id("space", space.rawValue, in: .summary), .count("count", count), .digest("digest", digest),
      ]
    }
  }
}

extension LogEvent.MapCreated {
  init(from reader: inout ByteReader) throws {
    self.init(
      id: try reader.fixed(), name: try reader.string(), grouping: GroupingID(try reader.fixed()),
      space: SpaceID(try reader.fixed()), rules: try reader.fixed(),
      through: FeedPosition(sequence: LogSequence(try reader.varint()), offset: try reader.varint()),
      count: try reader.varint(), cells: try reader.fixed(), digest: try reader.digest())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
    writer.fixed(grouping.rawValue)
    writer.fixed(space.rawValue)
    writer.fixed(rules)
    writer.varint(through.sequence.rawValue)
    writer.varint(through.offset)
    writer.varint(count)
    writer.fixed(cells)
    writer.digest(digest)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    history.maps[id] = digest
    if !history.groupings.contains(grouping) { problem("grouping \(grouping) is not there") }
  }
}
