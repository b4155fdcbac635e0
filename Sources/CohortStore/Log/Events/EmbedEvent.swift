public import CohortCore

extension LogEvent {
  /// Vectors of one space, for the samples of these ranges, in this order.
  public struct Embed: LogEventKind {
    public static let kind = LogKind(3, "embed")
    /// The space that the vectors belong to.
    public var space: SpaceID
    /// Samples that got a vector, in the order in which the groupings see them.
    public var ranges: [IDRange]
    /// Samples that were looked at and have no usable vector (zero, not finite), by reason.
    public var without: [IDRange]
    /// Samples whose text the encoder refused.
    public var refused: [RefusedSample] = []

    public var fields: [LogField] {
      [
        .id("space", space.rawValue), .count("vectors", ranges.total), .count("without", without.total),
        .count("refused", refused.count, in: refused.isEmpty ? .listing : .all),
      ]
    }
  }
}

/// A sample that gets no vector, and why.
public struct RefusedSample: Hashable, Sendable {
  /// The sample, which stays in the store and in groupings that need no vectors.
  public var id: SampleID
  /// What the encoder said, for people.
  public var reason: String

  public init(id: SampleID, reason: String) {
    self.id = id
    self.reason = reason
  }
}

extension LogEvent.Embed {
  init(from reader: inout ByteReader) throws {
    space = SpaceID(try reader.fixed())
    ranges = try reader.ranges()
    without = try reader.ranges()
    guard reader.remaining > 0 else { return }
    for _ in 0..<(try reader.count(unit: 2)) {
      refused.append(RefusedSample(id: SampleID(try reader.varint()), reason: try reader.string()))
    }
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(space.rawValue)
    writer.ranges(ranges)
    writer.ranges(without)
    guard !refused.isEmpty else { return }
    writer.varint(refused.count)
    for sample in refused {
      writer.varint(sample.id.rawValue)
      writer.string(sample.reason)
    }
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if !history.spaces.contains(space) { problem("embedding space \(space) is not there") }
    history.vectors[space, default: 0] &+= ranges.total
  }

  func changes(in feed: Feed) -> LogChanges { feed == .embedded(space) ? .added(ranges) : .none }
}
