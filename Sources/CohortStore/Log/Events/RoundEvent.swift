public import CohortCore

extension LogEvent {
  /// One round of a grouping: assignments and the splits, merges and re-centrings that came with them.
  ///
  /// Rows `applied` of the feed are in; `events` are encoded by the clustering module (`Schemas/grouping-state.md`).
  public struct Round: LogEventKind {
    public static let kind = LogKind(6, "round")
    /// The grouping that changed.
    public var grouping: GroupingID
    /// How far in its feed the grouping is after the round.
    public var applied: FeedPosition
    /// A short tail, assigned for the time being and redone when its round is full.
    public var provisional: Bool
    /// How many assignments were written, those that confirm a group included.
    public var assigned: UInt64
    /// One encoded event each, in the order in which they happened.
    public var events: [[UInt8]]
    /// Digest of the engine's state after the round.
    public var state: UInt64

    public var fields: [LogField] {
      [
        .id("grouping", grouping.rawValue), .count("assigned", assigned), .count("events", events.count),
        .count("applied", applied.sequence.rawValue, in: .listing), LogField("provisional", .boolean(provisional)),
        LogField("state", .digest(state.hexadecimal)),
      ]
    }
  }
}

extension LogEvent.Round {
  init(from reader: inout ByteReader) throws {
    grouping = GroupingID(try reader.fixed())
    applied = FeedPosition(sequence: LogSequence(try reader.varint()), offset: try reader.varint())
    provisional = try reader.fixed(UInt8.self) != 0
    assigned = try reader.varint()
    events = []
    for _ in 0..<(try reader.count()) { events.append([UInt8](try reader.blob())) }
    state = try reader.fixed()
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(grouping.rawValue)
    writer.varint(applied.sequence.rawValue)
    writer.varint(applied.offset)
    writer.fixed(UInt8(provisional ? 1 : 0))
    writer.varint(assigned)
    writer.varint(events.count)
    for bytes in events { writer.blob(bytes) }
    writer.fixed(state)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if !history.groupings.contains(grouping) { problem("grouping \(grouping) is not there") }
  }
}
