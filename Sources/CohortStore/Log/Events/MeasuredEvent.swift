internal import CohortCore

extension LogEvent {
  /// Samples have lengths by a measure now.
  public struct Measured: LogEventKind {
    public static let kind = LogKind(18, "measured")
    /// The measure that the lengths belong to.
    public var measure: MeasureID
    /// Those that do, ascending.
    public var ranges: [IDRange]
    /// All samples before this one are measured now, but for those that were deleted before.
    public var end: UInt64

    public var fields: [LogField] { [.id("measure", measure.rawValue), .count("samples", ranges.total)] }
  }
}

extension LogEvent.Measured {
  init(from reader: inout ByteReader) throws {
    self.init(measure: MeasureID(try reader.fixed()), ranges: try reader.ranges(), end: try reader.varint())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(measure.rawValue)
    writer.ranges(ranges)
    writer.varint(end)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    guard let before = history.measures[measure], before.end < end, end <= history.inserted else {
      return problem("its samples do not follow those that length measure \(measure) has")
    }
    history.measures[measure] = (before.samples &+ ranges.total, end)
  }

  func changes(in feed: Feed) -> LogChanges { feed == .measured(measure) ? .added(ranges) : .none }
}
