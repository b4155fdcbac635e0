public import CohortCore

/// Where a group came from, and where it went.
public struct GroupLineage: Hashable, Sendable {
  /// Change records applied at the end of the round in which the group came to be.
  public var born: UInt64
  /// The group it was split from; nil when it was born with its first sample.
  public var parent: GroupID?
  /// Change records applied at the end of the round that closed it; nil while it is open.
  public var closed: UInt64?
  /// The nearest group when it was merged away.
  public var heir: GroupID?

  public init(born: UInt64, parent: GroupID? = nil, closed: UInt64? = nil, heir: GroupID? = nil) {
    self.born = born
    self.parent = parent
    self.closed = closed
    self.heir = heir
  }
}

/// One group as it is stored and shown. Layout in `Schemas/grouping-state.md`.
///
/// ```
/// u8       layout version (1)
/// u8       0 open, 1 closed
/// u32      group
/// u64      born           u32 parent (2^32 - 1: none)
/// u64      closed         u32 heir   (2^32 - 1: none)
/// u64      count
/// geometry as GroupGeometry encodes it
/// u8       0, or 1 and the live part of an open embedding group:
///   u64    count at which the split gain was computed (2^64 - 1: never)
///   f64    split gain
///   varint dimension, then that many i64: the sum of the members' vectors, scale 2^32
/// ```
public struct GroupRecord: Hashable, Sendable {
  /// The exact part of an embedding group.
  public struct Live: Hashable, Sendable {
    /// Sum of the members' vectors: fixed point, scale 2^32.
    public var sum: [Int64]
    /// What splitting the group was worth when it had `gainCount` members.
    public var gain: Double
    /// Nil when the gain has to be computed.
    public var gainCount: UInt64?
  }

  /// Given by the engine, ascending; never given again in its grouping.
  public var id: GroupID
  /// Where the group came from, and where it went.
  public var lineage: GroupLineage
  /// Members whose change records have been applied.
  public var count: UInt64
  /// Label, interval, or published centroid.
  public var geometry: GroupGeometry
  /// Only open groups of an embedding grouping have it.
  public var live: Live?

  /// The first byte of a record; readers refuse any other.
  public static let layoutVersion: UInt8 = 1
  private static let none = UInt32.max

  /// The bytes of `Schemas/grouping-state.md`.
  /// - Complexity: O(dimension) for an embedding group.
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 64 + (live?.sum.count ?? 0) * 12)
    writer.fixed(Self.layoutVersion)
    writer.fixed(UInt8(lineage.closed == nil ? 0 : 1))
    writer.fixed(id.rawValue)
    writer.fixed(lineage.born)
    writer.fixed(lineage.parent?.rawValue ?? Self.none)
    writer.fixed(lineage.closed ?? 0)
    writer.fixed(lineage.heir?.rawValue ?? Self.none)
    writer.fixed(count)
    geometry.encode(into: &writer)
    writer.fixed(UInt8(live == nil ? 0 : 1))
    if let live {
      writer.fixed(live.gainCount ?? .max)
      writer.fixed(live.gain)
      writer.varint(live.sum.count)
      writer.fixed(contentsOf: live.sum)
    }
    return writer.bytes
  }

  /// Reads a record back; refuses any byte that does not belong.
  /// - Throws: `core.truncated`, `core.invalid`.
  public init(decoding bytes: [UInt8]) throws {
    self = try ByteReader.decode(bytes) { try GroupRecord(from: &$0) }
  }

  init(id: GroupID, lineage: GroupLineage, count: UInt64, geometry: GroupGeometry, live: Live? = nil) {
    self.id = id
    self.lineage = lineage
    self.count = count
    self.geometry = geometry
    self.live = live
  }

  private init(from reader: inout ByteReader) throws {
    let version = try reader.fixed(UInt8.self)
    guard version == Self.layoutVersion else {
      throw CohortError.invalid("a group record", at: 0, cause: "layout version \(version) is not known")
    }
    let status = try reader.fixed(UInt8.self)
    guard status <= 1 else { throw CohortError.invalid("a group's status", at: 1) }
    id = GroupID(try reader.fixed(UInt32.self))
    guard id != .unassigned else { throw CohortError.invalid("a group's id", at: 2) }
    let born = try reader.fixed(UInt64.self)
    let parent = try reader.fixed(UInt32.self)
    let closed = try reader.fixed(UInt64.self)
    guard status == 1 || closed == 0 else { throw CohortError.invalid("the closing of an open group", at: 18) }
    let heir = try reader.fixed(UInt32.self)
    lineage = GroupLineage(
      born: born, parent: parent == Self.none ? nil : GroupID(parent), closed: status == 1 ? closed : nil,
      heir: heir == Self.none ? nil : GroupID(heir))
    count = try reader.fixed()
    geometry = try GroupGeometry(from: &reader)
    switch try reader.fixed(UInt8.self) {
    case 0: live = nil
    case 1:
      let gainCount = try reader.fixed(UInt64.self)
      let gain = try reader.double()
      let dimension = try reader.count(unit: 8)
      var sum: [Int64] = []
      sum.reserveCapacity(dimension)
      for _ in 0..<dimension { sum.append(try reader.fixed()) }
      live = Live(sum: sum, gain: gain, gainCount: gainCount == .max ? nil : gainCount)
    case let tag: throw CohortError.invalid("a group's live part", at: reader.offset - 1, cause: "tag \(tag)")
    }
  }
}
