internal import CohortCore
internal import CohortStore

/// One pass over the columns of a grouping.
struct GroupScan {
  struct Cell {
    var size: UInt64 = 0
    /// Members that have a length.
    var measured: UInt64 = 0
    var lengthSum: UInt64 = 0
    var longest: UInt32 = 0
    var distanceSum = 0.0
    var leaked: UInt64 = 0
    var tasks: [UInt32: UInt64] = [:]
    /// Some members.
    var members = Spread(limit: GroupListing.sampledMembers)
  }

  /// A member, and what members are ordered by.
  typealias Member = (id: SampleID, key: Float)

  private(set) var cells: [UInt32: Cell] = [:]
  /// Some samples of the store; none unless one group was asked for.
  private(set) var store = Spread(limit: GroupListing.sampledStore)
  /// Whether members have a distance. Else they are ordered by their length.
  let hasDistance: Bool
  /// The lengths that the groups are told by.
  let lengths: GroupLengths
  /// All members of the one group that was asked for, ascending by distance or length, equal ones by id.
  private(set) var ordered: [Member] = []
  /// Lengths of the one group: how many lie in each of the intervals 0, 1, 2..<4, 4..<8 and so on.
  private(set) var histogram = [UInt64](repeating: 0, count: 33)

  /// - Parameter only: a group to look at alone; nil for all.
  /// - Complexity: one scan of five columns; memory for the members of the one group.
  init(of grouping: GroupingRecord, only: GroupID? = nil, _ transaction: borrowing ReadTransaction) throws {
    hasDistance = grouping.definition.space != nil
    lengths = try transaction.groupLengths(of: grouping.definition)
    let leakage = grouping.definition.criterion.leakageBound ?? -Float.infinity
    try transaction.forEachBlock(
      of: [grouping.groupColumn, grouping.distanceColumn, lengths.column, Column.task]
    ) { block in
      for row in 0..<block.count where !block.isDeleted(row) {
        let (id, group) = (block.id(row), block.uint32(0, row))
        if let only {
          store.add(id)
          if group != only.rawValue { continue }
        }
        let (distance, stored) = (block.float32(1, row).magnitude, block.uint32(2, row))
        let length = lengths.isLength(stored) ? stored : nil
        cells[group, default: Cell()].add(
          id, length: length, task: block.uint32(3, row), distance: distance, leakage: leakage)
        guard only != nil else { continue }
        ordered.append((id, hasDistance ? distance : Float(length ?? 0)))
        if let length { histogram[UInt32.bitWidth - length.leadingZeroBitCount] += 1 }
      }
      return true
    }
    ordered.sort { ($0.key, $0.id) < ($1.key, $1.id) }
  }
}

extension GroupScan.Cell {
  fileprivate mutating func add(_ id: SampleID, length: UInt32?, task: UInt32, distance: Float, leakage: Float) {
    members.add(id)
    size += 1
    if let length {
      measured += 1
      lengthSum += UInt64(length)
      longest = max(longest, length)
    }
    distanceSum += Double(distance)
    leaked += distance <= leakage ? 1 : 0
    tasks[task, default: 0] += 1
  }
}

/// Some of many samples, evenly spread: every `stride`-th, where the stride doubles when there are twice as many as wanted.
struct Spread {
  let limit: Int
  private(set) var ids: [SampleID] = []
  private var count: UInt64 = 0
  private var stride: UInt64 = 1

  init(limit: Int) { self.limit = limit }

  mutating func add(_ id: SampleID) {
    if count % stride == 0 {
      ids.append(id)
      if ids.count == 2 * limit {
        ids = ids.enumerated().compactMap { $0.offset % 2 == 0 ? $0.element : nil }
        stride *= 2
      }
    }
    count += 1
  }
}
