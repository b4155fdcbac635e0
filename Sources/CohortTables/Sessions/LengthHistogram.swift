internal import CohortCore
internal import CohortStore

/// How many members of each group have a length in which interval.
struct LengthHistogram {
  /// What is counted.
  struct Key {
    var grouping: GroupingRecord
    /// The store's own measure is nil.
    var measure: LengthMeasure?
    var part: GroupingDefinition.LengthPart
    /// Of the intervals; nil for those that double: 0, 1, 2..<4, 4..<8, …
    var width: UInt32?

    /// What stands for no length; nil where every sample has one.
    var missing: UInt32? { measure == nil ? nil : .max }

    /// Whether the counts are the same.
    func isSame(_ other: Key) -> Bool {
      grouping.id == other.grouping.id && measure?.name == other.measure?.name && part == other.part
        && width == other.width
    }
  }

  /// An interval with members.
  struct Row {
    var group: UInt32
    /// The shortest length.
    var low: UInt64
    /// The first length beyond; nil for the last interval, which holds all that is longer.
    var high: UInt64?
    var size: UInt64
  }

  /// Intervals of a given width; what is longer is in the last of them.
  static let mostIntervals = 4096

  private let key: Key
  /// Counts by interval, up to the last one that has members, for each group that has some.
  private var counts: [UInt32: Int] = [:]
  private var tables: [[UInt64]] = []

  init(_ key: Key) { self.key = key }

  private func interval(_ length: UInt32) -> Int {
    guard let width = key.width else { return UInt32.bitWidth - length.leadingZeroBitCount }
    return min(Int(length / width), Self.mostIntervals - 1)
  }

  private mutating func table(of group: UInt32) -> Int {
    if let known = counts[group] { return known }
    tables.append([])
    counts[group] = tables.count - 1
    return tables.count - 1
  }

  /// Counts all members. Complexity: a pass over three columns.
  mutating func count(_ session: TableSession, _ transaction: borrowing ReadTransaction) throws {
    let column = key.measure?.column(key.part) ?? .length(of: key.part)
    let missing = key.missing
    // The groups of neighbouring samples are often the same.
    var (last, place): (UInt32, Int) = (GroupID.unassigned.rawValue, 0)
    // Numbers of groups are small: most are found without hashing.
    var places = [Int32](repeating: -1, count: 1 << 16)
    try transaction.forEachBlock(of: [key.grouping.groupColumn, column]) { block in
      try session.checkStop()
      for row in 0..<block.count {
        let (group, length) = (block.uint32(0, row), block.uint32(1, row))
        guard group != GroupID.unassigned.rawValue, !block.isDeleted(row), length != missing else { continue }
        if group != last {
          let index = Int(group)
          if index < places.count {
            if places[index] < 0 { places[index] = Int32(truncatingIfNeeded: table(of: group)) }
            place = Int(places[index])
          } else {
            place = table(of: group)
          }
          last = group
        }
        let interval = interval(length)
        if interval >= tables[place].count {
          tables[place] += repeatElement(0, count: interval + 1 - tables[place].count)
        }
        tables[place][interval] += 1
      }
      return true
    }
  }

  /// Intervals with members, ascending by group and length.
  var rows: [Row] {
    counts.sorted { $0.key < $1.key }.flatMap { group, place in
      tables[place].enumerated().compactMap { interval, size in
        guard size > 0 else { return nil }
        let (low, high) = bounds(interval)
        return Row(group: group, low: low, high: high, size: size)
      }
    }
  }

  private func bounds(_ interval: Int) -> (UInt64, UInt64?) {
    guard let width = key.width.map(UInt64.init) else {
      return (interval == 0 ? 0 : 1 << UInt64(interval - 1), 1 << UInt64(interval))
    }
    let low = UInt64(interval) * width
    return (low, interval == Self.mostIntervals - 1 ? nil : low + width)
  }
}
