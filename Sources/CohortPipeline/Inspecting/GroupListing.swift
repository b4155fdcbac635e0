public import CohortCore
public import CohortStore

/// What a group looks like from outside.
public struct GroupSummary: Hashable, Sendable {
  /// `GroupID.unassigned` for the samples that have no group (yet).
  public var group: GroupID
  public var size: UInt64
  /// The task, the interval, or for embedding groups the words that set it apart.
  public var label: String
  /// The words that set the group's prompts apart from the other groups', best first.
  public var terms: [String] = []
  /// Response lengths, in the store's unit.
  public var meanLength = 0.0
  public var longest: UInt32 = 0
  /// Root of the mean squared distance to the centroid, or to the nearest anchor; nil where there is none.
  public var radius: Double?
  /// Members that lie so near to an anchor that they count as leaked; nil unless by anchors.
  public var leaked: UInt64?
  /// The commonest tasks of its members.
  public var tasks: [TaskShare] = []
}

/// How many members of a group have a task.
public struct TaskShare: Hashable, Sendable {
  /// Nil for samples without a label.
  public var task: String?
  public var size: UInt64
}

/// Lists the groups of a grouping.
public enum GroupListing {
  /// Members of a group that are read to find its terms.
  static let sampledMembers = 48
  static let shownTerms = 6
  static let shownTasks = 3

  /// All groups with members, in the order of their ids; samples without a group come last. The sizes add up to the
  /// store's live samples.
  /// - Parameter withTerms: whether to read some members of each group for its terms.
  /// - Complexity: one scan of four columns, and `groups * 48` samples for the terms.
  public static func list(_ store: Store, grouping name: String, withTerms: Bool = true) throws -> [GroupSummary] {
    try store.read { transaction in
      let grouping = try transaction.existingGrouping(name)
      let cells = try GroupScan.run(transaction, grouping, sampled: withTerms ? sampledMembers : 0)
      let terms = withTerms ? try GroupTerms.find(cells.mapValues(\.sampled), transaction) : [:]
      return try cells.sorted { $0.key < $1.key }.map { raw, cell in
        let id = GroupID(raw)
        let words = Array((terms[raw] ?? []).prefix(shownTerms))
        var summary = GroupSummary(
          group: id, size: cell.size, label: try label(id, grouping, words, transaction), terms: words)
        summary.meanLength = Double(cell.lengthSum) / Double(max(cell.size, 1))
        summary.longest = cell.longest
        if grouping.definition.space != nil, id != .unassigned {
          summary.radius = (cell.distanceSum / Double(max(cell.size, 1))).squareRoot()
        }
        if grouping.definition.criterion.leakageBound != nil, id != .unassigned { summary.leaked = cell.leaked }
        summary.tasks = try cell.tasks.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(shownTasks).map {
          TaskShare(task: try transaction.task(TaskID($0.key))?.name, size: $0.value)
        }
        return summary
      }
    }
  }

  static func label(
    _ id: GroupID, _ grouping: GroupingRecord, _ terms: [String], _ transaction: borrowing ReadTransaction
  ) throws -> String {
    if id == .unassigned { return "(no group)" }
    switch try transaction.group(id, in: grouping.id)?.geometry {
    case .label(let text): return text.isEmpty ? "(no label)" : text
    case .interval(let lower, let upper): return upper == .max ? "\(lower)+" : "\(lower)..<\(upper)"
    case .centroid, nil: return terms.prefix(3).joined(separator: ", ")
    }
  }
}

/// One pass over the columns of a grouping.
struct GroupScan {
  struct Cell {
    var size: UInt64 = 0
    var lengthSum: UInt64 = 0
    var longest: UInt32 = 0
    var distanceSum = 0.0
    var leaked: UInt64 = 0
    var tasks: [UInt32: UInt64] = [:]
    /// Some members, spread over the group: every `stride`-th, where the stride doubles when the list is full.
    var sampled: [SampleID] = []
    var stride: UInt64 = 1
  }

  static func run(
    _ transaction: borrowing ReadTransaction, _ grouping: GroupingRecord, sampled limit: Int
  ) throws -> [UInt32: Cell] {
    var cells: [UInt32: Cell] = [:]
    let leakage = grouping.definition.criterion.leakageBound ?? -Float.infinity
    let end = try transaction.counters.nextSample
    let rows = UInt64(grouping.groupColumn.rowsPerChunk)
    var row: UInt64 = 0
    while row < end {
      let last = min(end, row + rows)
      try transaction.withChunk(Column.tombstone, of: row) { deleted in
        try transaction.withChunk(grouping.groupColumn, of: row) { groups in
          try transaction.withChunk(grouping.distanceColumn, of: row) { distances in
            try transaction.withChunk(Column.responseLength, of: row) { lengths in
              try transaction.withChunk(Column.task, of: row) { tasks in
                for index in 0..<Int(last - row) {
                  if let deleted, index < deleted.count, deleted.uint8(index) != 0 { continue }
                  let group =
                    groups.flatMap { index < $0.count ? $0.uint32(index) : nil } ?? GroupID.unassigned.rawValue
                  let length = lengths.flatMap { index < $0.count ? $0.uint32(index) : nil } ?? 0
                  let task = tasks.flatMap { index < $0.count ? $0.uint32(index) : nil } ?? 0
                  let distance = distances.flatMap { index < $0.count ? $0.float32(index) : nil } ?? 0
                  cells[group, default: Cell()].add(
                    SampleID(row + UInt64(index)), length: length, task: task, distance: distance.magnitude,
                    leakage: leakage, limit: limit)
                }
              }
            }
          }
        }
      }
      row = last
    }
    return cells
  }
}

extension GroupScan.Cell {
  mutating func add(_ id: SampleID, length: UInt32, task: UInt32, distance: Float, leakage: Float, limit: Int) {
    if limit > 0, size % stride == 0 {
      sampled.append(id)
      if sampled.count == 2 * limit {
        sampled = sampled.enumerated().compactMap { $0.offset % 2 == 0 ? $0.element : nil }
        stride *= 2
      }
    }
    size += 1
    lengthSum += UInt64(length)
    longest = max(longest, length)
    distanceSum += Double(distance)
    leaked += distance <= leakage ? 1 : 0
    tasks[task, default: 0] += 1
  }
}
