public import CohortCore

/// Which changes a grouping follows.
public enum Feed: Hashable, Sendable {
  /// Samples as they are ingested: for tasks, attributes and lengths.
  case inserted
  /// Samples as they get a vector in a space.
  case embedded(SpaceID)
  /// Samples as they get their lengths by a further measure.
  case measured(MeasureID)
}

/// One change that a grouping must follow, in log order.
public enum FeedRecord: Hashable, Sendable {
  case added(SampleID)
  case removed(SampleID)
}

extension ReadTransaction {
  /// The next records of a feed.
  /// - Parameters:
  ///   - position: records up to here are consumed.
  ///   - limit: at most so many records.
  ///   - end: no records behind this position; nil for all there are.
  /// - Returns: the records, and the position behind the last of them (and behind entries that hold none).
  /// - Complexity: O(records + entries passed).
  public func changes(
    _ feed: Feed, from position: FeedPosition, limit: Int, upTo end: FeedPosition? = nil
  ) throws -> (records: [FeedRecord], next: FeedPosition) {
    var records: [FeedRecord] = []
    var next = position
    try forEachEntry(from: position.sequence) { entry in
      let skip = entry.sequence == position.sequence ? position.offset : 0
      var room = limit - records.count
      if let end, entry.sequence >= end.sequence {
        guard entry.sequence == end.sequence, end.offset > skip else { return false }
        room = min(room, Int(clamping: end.offset - skip))
      }
      let (taken, isComplete) = Self.take(entry.payload.changes(in: feed), skip: skip, limit: room, into: &records)
      if isComplete {
        next = FeedPosition(sequence: entry.sequence.next, offset: 0)
        return records.count < limit
      }
      next = FeedPosition(sequence: entry.sequence, offset: skip + taken)
      return false
    }
    return (records, next)
  }

  /// Appends an entry's records, without the first `skip`, at most `limit`.
  private static func take(
    _ changes: LogChanges, skip: UInt64, limit: Int, into records: inout [FeedRecord]
  ) -> (taken: UInt64, isComplete: Bool) {
    let ranges: [IDRange]
    switch changes {
    case .none: return (0, true)
    case .added(let added): ranges = added
    case .removed(let ids):
      let rest = ids.dropFirst(Int(clamping: skip))
      records.append(contentsOf: rest.prefix(limit).map(FeedRecord.removed))
      return (UInt64(min(rest.count, limit)), rest.count <= limit)
    }
    var skip = skip
    var taken: UInt64 = 0
    for range in ranges {
      if skip >= range.count {
        skip -= range.count
        continue
      }
      let room = UInt64(limit) - taken
      if room == 0 { return (taken, false) }
      let count = min(range.count - skip, room)
      let first = range.first.rawValue + skip
      for id in first..<(first + count) { records.append(.added(SampleID(id))) }
      taken += count
      if count < range.count - skip { return (taken, false) }
      skip = 0
    }
    return (taken, true)
  }
}

/// How far a reader of the log has come: `offset` records of entry `sequence` are consumed, and all earlier entries.
public struct FeedPosition: Hashable, Comparable, Sendable {
  public var sequence: LogSequence
  public var offset: UInt64

  public init(sequence: LogSequence, offset: UInt64) {
    self.sequence = sequence
    self.offset = offset
  }

  /// Before the first entry.
  public static let start = FeedPosition(sequence: LogSequence(1), offset: 0)

  public static func < (a: Self, b: Self) -> Bool { (a.sequence, a.offset) < (b.sequence, b.offset) }
}
