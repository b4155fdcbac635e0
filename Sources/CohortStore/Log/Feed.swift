public import CohortCore

/// Which changes a grouping follows.
public enum Feed: Hashable, Sendable {
  /// Samples as they are ingested: for lengths.
  case inserted
  /// The same, and each change of their labels: for tasks and attributes.
  case labelled
  /// Samples as they get a vector in a space.
  case embedded(SpaceID)
  /// Samples as they get their lengths by a further measure.
  case measured(MeasureID)
}

/// One change that a grouping must follow, in log order.
public enum FeedRecord: Hashable, Sendable {
  /// The sample came into the feed: ingested, embedded or measured, as the feed says.
  case added(SampleID)
  /// The sample was deleted. Every feed reports every deletion, also of samples that it never added.
  case removed(SampleID)
  /// The labels of the sample, which is in the feed, were changed by this entry.
  case relabelled(SampleID, LogSequence)
}

/// Consecutive records of a feed.
public struct FeedPart: Sendable {
  /// In log order.
  public private(set) var records: [FeedRecord] = []
  /// The position behind the last of them, and behind entries that hold none.
  public private(set) var next: FeedPosition
  /// The entries that the records come from, each with the number of records before it, and where in it they begin.
  private var entries: [(sequence: LogSequence, before: Int, skipped: UInt64)] = []

  fileprivate init(at position: FeedPosition) { next = position }

  /// The first `count` records, as if no more had been asked for.
  /// - Complexity: O(entries + records).
  public func prefix(_ count: Int) -> FeedPart {
    guard count < records.count else { return self }
    var part = self
    part.records.removeLast(records.count - count)
    while let last = part.entries.last, last.before >= count, last.before > 0 { part.entries.removeLast() }
    guard let last = part.entries.last else { return part }
    let end = part.entries.count < entries.count ? entries[part.entries.count].before : records.count
    part.next =
      count == end
      ? FeedPosition(sequence: last.sequence.next, offset: 0)
      : FeedPosition(sequence: last.sequence, offset: last.skipped + UInt64(count - last.before))
    return part
  }

  /// The records behind a position.
  public func suffix(after position: FeedPosition) -> ArraySlice<FeedRecord> {
    var consumed = 0
    for (index, entry) in entries.enumerated() {
      let end = index + 1 < entries.count ? entries[index + 1].before : records.count
      if entry.sequence < position.sequence {
        consumed = end
      } else if entry.sequence == position.sequence, position.offset > entry.skipped {
        consumed = min(end, entry.before + Int(clamping: position.offset - entry.skipped))
      }
    }
    return records[consumed...]
  }

  /// Appends an entry's records behind the first `skip`, at most `limit`. - Returns: whether those were all.
  fileprivate mutating func append(_ entry: LogEntry, of feed: Feed, skip: UInt64, limit: Int) -> Bool {
    let before = records.count
    let (taken, isComplete) = ReadTransaction.take(
      entry.payload.changes(in: feed), of: entry.sequence, skip: skip, limit: limit, into: &records)
    if records.count > before { entries.append((entry.sequence, before, skip)) }
    next =
      isComplete
      ? FeedPosition(sequence: entry.sequence.next, offset: 0)
      : FeedPosition(sequence: entry.sequence, offset: skip + taken)
    return isComplete
  }
}

extension ReadTransaction {
  /// The next records of a feed.
  /// - Parameters:
  ///   - position: records up to here are consumed.
  ///   - limit: at most so many records.
  ///   - end: no records behind this position; nil for all there are.
  /// - Complexity: O(records + entries passed).
  public func changes(
    _ feed: Feed, from position: FeedPosition, limit: Int, upTo end: FeedPosition? = nil
  ) throws -> FeedPart {
    var part = FeedPart(at: position)
    try forEachEntry(from: position.sequence) { entry in
      let skip = entry.sequence == position.sequence ? position.offset : 0
      var room = limit - part.records.count
      if let end, entry.sequence >= end.sequence {
        guard entry.sequence == end.sequence, end.offset > skip else { return false }
        room = min(room, Int(clamping: end.offset - skip))
      }
      return part.append(entry, of: feed, skip: skip, limit: room) && part.records.count < limit
    }
    return part
  }

  /// Appends an entry's records, without the first `skip`, at most `limit`.
  fileprivate static func take(
    _ changes: LogChanges, of entry: LogSequence, skip: UInt64, limit: Int, into records: inout [FeedRecord]
  ) -> (taken: UInt64, isComplete: Bool) {
    let ranges: [IDRange]
    let record: (SampleID) -> FeedRecord
    switch changes {
    case .none: return (0, true)
    case .added(let added): (ranges, record) = (added, { .added($0) })
    case .relabelled(let changed): (ranges, record) = (changed, { .relabelled($0, entry) })
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
      for id in first..<(first + count) { records.append(record(SampleID(id))) }
      taken += count
      if count < range.count - skip { return (taken, false) }
      skip = 0
    }
    return (taken, true)
  }
}

/// How far a reader of the log has come: `offset` records of entry `sequence` are consumed, and all earlier entries.
public struct FeedPosition: Hashable, Comparable, Sendable {
  /// The entry that is not wholly consumed; the first one is 1.
  public var sequence: LogSequence
  /// Records of that entry that are consumed, counted as the feed sees them.
  public var offset: UInt64

  public init(sequence: LogSequence, offset: UInt64) {
    self.sequence = sequence
    self.offset = offset
  }

  /// Before the first entry.
  public static let start = FeedPosition(sequence: LogSequence(1), offset: 0)

  public static func < (a: Self, b: Self) -> Bool { (a.sequence, a.offset) < (b.sequence, b.offset) }
}
