public import CohortCore

extension LogEvent {
  /// A map got new samples, or its samples moved.
  public struct MapChanged: LogEventKind {
    public static let kind = LogKind(28, "map-changed")

    /// What happened.
    public enum Change: UInt8, Sendable {
      /// New samples got places; all others kept theirs.
      case placed = 1
      /// All samples moved a little, to make room.
      case settled = 2
      /// The map was laid out anew.
      case laidOut = 3

      /// The word that people read.
      public var name: String {
        switch self {
        case .placed: "placed"
        case .settled: "settled"
        case .laidOut: "laid-out"
        }
      }
    }

    /// The map.
    public var id: UInt32
    public var change: Change
    /// Which rules the places were made by.
    public var rules: UInt32
    /// Records of the grouping's feed whose samples have places.
    public var through: FeedPosition
    /// How many samples have places now.
    public var count: UInt64
    /// Cells through which neighbours are found now.
    public var cells: UInt32
    /// Of all places, before and now.
    public var former: Digest128
    public var digest: Digest128
    /// How a new layout was turned towards the former one, so that it can be made again: `(x, y)` became
    /// `(a x + b y + e, c x + d y + f)`. Empty for other changes.
    public var turn: [Double]

    public var fields: [LogField] {
      [
        .id("map", id), .text("change", change.name), .count("count", count), .digest("former", former),
        .digest("digest", digest),
      ]
    }
  }
}

extension LogEvent.MapChanged {
  init(from reader: inout ByteReader) throws {
    id = try reader.fixed()
    let tag = try reader.byte()
    guard let change = Change(rawValue: tag) else {
      throw CohortError.invalid("a change of a map", cause: "tag \(tag)")
    }
    self.change = change
    rules = try reader.fixed()
    through = FeedPosition(sequence: LogSequence(try reader.varint()), offset: try reader.varint())
    count = try reader.varint()
    cells = try reader.fixed()
    former = try reader.digest()
    digest = try reader.digest()
    turn = []
    for _ in 0..<(try reader.count(unit: 8)) { turn.append(try reader.double()) }
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.fixed(change.rawValue)
    writer.fixed(rules)
    writer.varint(through.sequence.rawValue)
    writer.varint(through.offset)
    writer.varint(count)
    writer.fixed(cells)
    writer.digest(former)
    writer.digest(digest)
    writer.varint(turn.count)
    for value in turn { writer.fixed(value) }
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if history.maps[id] == nil {
      problem("map \(id) was not there")
    } else if history.maps[id] != former {
      problem("map \(id) was not what the entry says that it was")
    }
    history.maps[id] = digest
  }
}
