public import CohortCore

extension LogEvent {
  /// A length measure was added; its lengths come with `Measured`.
  public struct MeasureCreated: LogEventKind {
    public static let kind = LogKind(16, "length-created")
    /// Never given to another measure.
    public var id: MeasureID
    /// Unique among the measures at that time.
    public var name: String
    /// What its lengths count; never `field`.
    public var unit: LengthUnit
    /// XXH3-128 of the tokenizer's file, for `tokens`.
    public var tokenizer: Digest128?
    /// What counts of each message.
    public var part = MessageParts.Part.everything

    public var fields: [LogField] {
      [
        .id("measure", id.rawValue, in: .summary), .text("name", name), .text("unit", unit.name),
        tokenizer.map { .digest("tokenizer", $0) } ?? LogField("tokenizer", .none, in: .listing),
      ] + (part == .everything ? [] : [.text("part", part.name)])
    }
  }
}

extension LogEvent.MeasureCreated {
  init(from reader: inout ByteReader) throws {
    id = MeasureID(try reader.fixed())
    name = try reader.string()
    (unit, tokenizer) = try reader.lengthUnit()
    part = try reader.measuredPart()
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
    writer.lengthUnit(unit, tokenizer: tokenizer)
    writer.measuredPart(part)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) { history.measures[id] = (0, 0) }
}
