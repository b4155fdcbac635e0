public import CohortCore

/// Something that changed which groups there are, or where a group lies. No id changes its meaning without one.
///
/// Encoded as 34 bytes (`Schemas/grouping-state.md`):
///
/// ```
/// u8  layout version (1)     u8  kind
/// u64 position               u32 parent       u32 child
/// u64 count                  f64 gain
/// ```
public struct GroupEvent: Hashable, Sendable {
  /// What happened to the groups `parent` and `child`.
  public enum Kind: UInt8, Sendable, CaseIterable {
    /// `child` came to be with its first sample.
    case born = 0
    /// `parent`, with `count` members, was divided; the smaller part is `child`. `gain` is the expected decrease of the
    /// summed squared distances.
    case split = 1
    /// `child`, with `count` members, was closed in favour of its nearest group `parent`. `gain` is minus the expected
    /// increase of the summed squared distances.
    case merged = 2
    /// The centroid or interval of `child`, with `count` members, was published anew. `gain` is the decrease of the
    /// summed squared distances.
    case republished = 3
    /// `child` had no members left.
    case closed = 4
    /// All live means are published and every sample is put on its nearest centroid, because someone asked for it. The
    /// first event of such a pass, which may apply fewer records than a round does. `count` is the number of samples,
    /// `gain` the decrease of the summed squared distances by the whole pass; there is no group.
    case refined = 5
    /// The groups were compared with a fresh k-means. `count` is the number of held-out samples, `gain` the ratio of the
    /// mean squared distances (`GuardReading.ratio`); there is no group.
    case guarded = 6
    /// The groups start over from a fresh k-means: ids stay where most of the members do, the events that follow say what
    /// became of the others. `count` is the number of samples, `gain` the decrease of the summed squared distances; there
    /// is no group.
    case reclustered = 7
    /// This round and those after it are made by the rules of version `count` (`GroupingState.rulesVersion`), those
    /// before it by others; there is no group.
    case ruled = 8

    /// Stable name for output and the catalog.
    public var name: String {
      switch self {
      case .born: "born"
      case .split: "split"
      case .merged: "merged"
      case .republished: "republished"
      case .closed: "closed"
      case .refined: "refined"
      case .guarded: "guarded"
      case .reclustered: "reclustered"
      case .ruled: "ruled"
      }
    }
  }

  /// What happened, and with it what the other fields mean.
  public var kind: Kind
  /// How many change records the grouping had applied at the end of the round: a function of the log, not of how it was
  /// cut into entries.
  public var position: UInt64
  /// `.unassigned` where the kind has no parent.
  public var parent: GroupID
  /// `.unassigned` where the kind has no group.
  public var child: GroupID
  /// Members of the group concerned, or what else the kind counts.
  public var count: UInt64
  /// In units of the summed squared distance; 0 where the kind has none.
  public var gain: Double

  public init(
    _ kind: Kind, position: UInt64, parent: GroupID = .unassigned, child: GroupID = .unassigned, count: UInt64,
    gain: Double = 0
  ) {
    self.kind = kind
    self.position = position
    self.parent = parent
    self.child = child
    self.count = count
    self.gain = gain
  }

  /// The first byte of an encoded event; readers refuse any other.
  public static let layoutVersion: UInt8 = 1
  /// Bytes that an encoded event takes.
  public static let encodedSize = 34

  /// Writes `encodedSize` bytes.
  public func encode(into writer: inout ByteWriter) {
    writer.fixed(Self.layoutVersion)
    writer.fixed(kind.rawValue)
    writer.fixed(position)
    writer.fixed(parent.rawValue)
    writer.fixed(child.rawValue)
    writer.fixed(count)
    writer.fixed(gain)
  }

  public init(from reader: inout ByteReader) throws {
    let version = try reader.fixed(UInt8.self)
    guard version == Self.layoutVersion else {
      throw CohortError.invalid("a group event", at: reader.offset - 1, cause: "layout version \(version)")
    }
    guard let kind = Kind(rawValue: try reader.fixed()) else {
      throw CohortError.invalid("the kind of a group event", at: reader.offset - 1)
    }
    self.kind = kind
    position = try reader.fixed()
    parent = GroupID(try reader.fixed(UInt32.self))
    child = GroupID(try reader.fixed(UInt32.self))
    count = try reader.fixed()
    gain = try reader.double()
  }
}
