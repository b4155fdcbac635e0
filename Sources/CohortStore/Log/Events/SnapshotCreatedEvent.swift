public import CohortCore

extension LogEvent {
  /// A snapshot was taken of `groupings` as they were after entry `sequence`.
  public struct SnapshotCreated: LogEventKind {
    public static let kind = LogKind(8, "snapshot-created")
    /// Never given to another snapshot.
    public var id: UInt32
    /// Unique among the snapshots at that time.
    public var name: String
    /// The last entry of the log that the snapshot shows.
    public var sequence: LogSequence
    /// Members of each grouping: samples that were not deleted.
    public var samples: UInt64
    /// Digest of the membership of all its groupings: equal digests, equal members.
    public var digest: Digest128
    /// The groupings whose membership it holds.
    public var groupings: [GroupingID]

    public var fields: [LogField] {
      [
        .id("snapshot", id, in: .summary), .text("name", name), .count("samples", samples), .digest("digest", digest),
      ]
    }
  }
}

extension LogEvent.SnapshotCreated {
  init(from reader: inout ByteReader) throws {
    id = try reader.fixed()
    name = try reader.string()
    sequence = LogSequence(try reader.varint())
    samples = try reader.varint()
    digest = try reader.digest()
    groupings = []
    for _ in 0..<(try reader.count(unit: 4)) { groupings.append(GroupingID(try reader.fixed())) }
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
    writer.varint(sequence.rawValue)
    writer.varint(samples)
    writer.digest(digest)
    writer.varint(groupings.count)
    for grouping in groupings { writer.fixed(grouping.rawValue) }
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) { history.snapshots[id] = digest }
}
