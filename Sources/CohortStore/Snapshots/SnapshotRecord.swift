public import CohortCore

/// An immutable name for a log sequence and the membership of some groupings at that point.
public struct SnapshotRecord: Hashable, Sendable, NamedRecord {
  static let kind = NameKind.snapshot
  /// Given by the store when the snapshot is created; never given again.
  public var id: UInt32
  /// Given by the user; unique among the store's snapshots, and free again once the snapshot is dropped.
  public var name: String
  /// The state that it shows: all entries up to this one.
  public var sequence: LogSequence
  /// Milliseconds since 1970, UTC.
  public var created: Int64
  /// Samples in it: those not deleted at that point.
  public var samples: UInt64
  /// Digest of the membership of all its groupings.
  public var digest: Digest128
  /// The groupings that it holds, as they were at `sequence`.
  public var groupings: [SnapshotGrouping]

  var number: UInt32 { id }

  init(
    id: UInt32, name: String, sequence: LogSequence, created: Int64, samples: UInt64, groupings: [SnapshotGrouping]
  ) {
    self.id = id
    self.name = name
    self.sequence = sequence
    self.created = created
    self.samples = samples
    self.groupings = groupings
    digest = Self.digest(of: groupings)
  }

  init(from reader: inout ByteReader) throws {
    id = try reader.fixed()
    name = try reader.string()
    sequence = LogSequence(try reader.varint())
    created = try reader.fixed()
    samples = try reader.varint()
    guard samples <= Membership.capacity else { throw CohortError.invalid("the number of samples", at: reader.offset) }
    digest = try reader.digest()
    groupings = []
    for _ in 0..<(try reader.count(unit: 20)) {
      groupings.append(
        SnapshotGrouping(
          id: GroupingID(try reader.fixed()), name: try reader.string(),
          definition: try GroupingDefinition(from: &reader), digest: try reader.digest(),
          groups: Int(clamping: try reader.varint()), idWidth: Int(try reader.fixed(UInt8.self))))
    }
  }

  /// XXH3-128 over (grouping id u32, digest) of all groupings.
  static func digest(of groupings: [SnapshotGrouping]) -> Digest128 {
    var digest = StreamingDigest()
    for grouping in groupings {
      digest.update(grouping.id.rawValue)
      digest.update(grouping.digest.high)
      digest.update(grouping.digest.low)
    }
    return digest.finish()
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
    writer.varint(sequence.rawValue)
    writer.fixed(created)
    writer.varint(samples)
    writer.digest(digest)
    writer.varint(groupings.count)
    for grouping in groupings {
      writer.fixed(grouping.id.rawValue)
      writer.string(grouping.name)
      grouping.definition.encode(into: &writer)
      writer.digest(grouping.digest)
      writer.varint(grouping.groups)
      writer.fixed(UInt8(grouping.idWidth))
    }
  }
}

/// One grouping's membership in a snapshot.
public struct SnapshotGrouping: Hashable, Sendable {
  /// The grouping's id in the store, where it may have been dropped since.
  public var id: GroupingID
  /// The name that the grouping had when the snapshot was taken.
  public var name: String
  /// What the groups were made by.
  public var definition: GroupingDefinition
  /// XXH3-128 over (group id u32, size u64) of all groups, then over all ids (u64) in membership order.
  public var digest: Digest128
  /// How many groups have members.
  public var groups: Int
  /// Bytes an id takes in the pieces: 4 or 8.
  var idWidth: Int
}

/// A group as a snapshot knows it. Members are the positions `offset ..< offset + size` of the membership.
public struct SnapshotGroup: Hashable, Sendable {
  /// `GroupID.unassigned` holds the samples that have no group, last.
  public var id: GroupID
  /// Position of the first member in the membership, counted in samples.
  public var offset: UInt64
  /// How many members the group has; at least 1.
  public var size: UInt64
  /// The group's label, interval or centroid when the snapshot was taken.
  public var geometry: GroupGeometry
  /// The greatest total length of a member, in the store's unit.
  public var longest: UInt32
  /// The mean total length of the members.
  public var meanLength: Double
}

/// `membership[snapshot | grouping | piece]`, all u32 big-endian:
///
/// ```
/// piece < 0xffffffff   u64 checksum | u8 width | u8[3] 0 | u32 count | count ids of `width` bytes, little-endian
/// piece = 0xffffffff   u64 checksum | varint groups | group × n: u32 id, varint size, u32 longest, f64 mean, geometry
/// ```
///
/// Ids are sorted by (group, id); piece `p` holds positions `p * 4096 ..< (p + 1) * 4096`.
enum Membership {
  static let idsPerPiece = 4096
  static let headerSize = 16
  static let groupTable = UInt32.max
  /// Positions that pieces can be numbered for.
  static let capacity = UInt64(groupTable) * UInt64(idsPerPiece)

  /// How all keys of a snapshot begin.
  static func prefix(_ snapshot: UInt32) -> [UInt8] { withUnsafeBytes(of: snapshot.bigEndian) { [UInt8]($0) } }

  static func key(_ snapshot: UInt32, _ grouping: GroupingID, _ piece: UInt32) -> [UInt8] {
    withUnsafeBytes(of: (snapshot.bigEndian, grouping.rawValue.bigEndian, piece.bigEndian)) { [UInt8]($0) }
  }
}
