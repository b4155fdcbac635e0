public import CohortCore
public import CohortStore

/// What a group looks like from outside.
public struct GroupSummary: Hashable, Sendable {
  /// `GroupID.unassigned` for the samples that have no group (yet).
  public var group: GroupID
  /// Members that are not deleted.
  public var size: UInt64
  /// The task, the interval, or for embedding groups the words that set it apart.
  public var label: String
  /// The words that set the group's prompts apart from the other groups', best first.
  public var terms: [String] = []
  /// The mean length of its members: by the lengths that a grouping by length divides by; for all others, of the responses
  /// by the store's own measure (`GroupLengths`). Members that are not measured yet are left out.
  public var meanLength = 0.0
  /// The greatest of these lengths.
  public var longest: UInt32 = 0
  /// The name of the measure that these lengths are by.
  public var lengthMeasure = SampleLengths.ownMeasure
  /// What they count; nil for what the store's own measure counts.
  public var lengthUnit: LengthUnit?
  /// The part of the messages that is measured.
  public var lengthPart = GroupingDefinition.LengthPart.response
  /// Root of the mean squared distance to the centroid, or to the nearest anchor; nil where there is none.
  public var radius: Double?
  /// Members that lie so near to an anchor that they count as leaked; nil unless by anchors.
  public var leaked: UInt64?
  /// The tasks of its members, the commonest first: all of them, so that their sizes add up to the group's.
  public var tasks: [TaskShare] = []
}

/// How many members of a group have a task.
public struct TaskShare: Hashable, Sendable {
  /// Nil for samples without a label.
  public var task: String?
  /// How many members have it.
  public var size: UInt64
}

/// Lists the groups of a grouping.
public enum GroupListing {
  /// Members of a group that are read to find its terms, or up to twice as many.
  static let sampledMembers = 48
  /// Samples of the store that those of one group are compared with, or up to twice as many.
  static let sampledStore = 256
  static let shownTerms = 6
  static let shownNeighbours = 5

  /// All groups with members, in the order of their ids; samples without a group come last. The sizes add up to the
  /// store's live samples.
  /// - Parameter withTerms: whether to read some members of each group for its terms.
  /// - Complexity: one scan of four columns, and for the terms `groups * 48` samples.
  public static func list(_ store: Store, grouping name: String, withTerms: Bool = true) throws -> [GroupSummary] {
    try store.read { try list(grouping: name, withTerms: withTerms, $0) }
  }

  /// The same, as a transaction sees it.
  static func list(
    grouping name: String, withTerms: Bool = true, _ transaction: borrowing ReadTransaction
  ) throws -> [GroupSummary] {
    let grouping = try transaction.existingGrouping(name)
    let scan = try GroupScan(of: grouping, transaction)
    let terms = withTerms ? try GroupTerms.find(scan.cells.mapValues(\.members.ids), transaction) : [:]
    return try scan.cells.sorted { $0.key < $1.key }.map { group, cell in
      try summary(of: GroupID(group), cell, grouping, scan.lengths, terms[group] ?? [], transaction)
    }
  }

  static func summary(
    of id: GroupID, _ cell: GroupScan.Cell, _ grouping: GroupingRecord, _ lengths: GroupLengths, _ terms: [String],
    _ transaction: borrowing ReadTransaction
  ) throws -> GroupSummary {
    let words = Array(terms.prefix(shownTerms))
    var summary = GroupSummary(
      group: id, size: cell.size, label: try label(id, grouping, words, transaction), terms: words)
    summary.meanLength = Double(cell.lengthSum) / Double(max(cell.measured, 1))
    summary.longest = cell.longest
    (summary.lengthMeasure, summary.lengthUnit, summary.lengthPart) = (lengths.measure, lengths.unit, lengths.part)
    if grouping.definition.space != nil, id != .unassigned {
      summary.radius = (cell.distanceSum / Double(max(cell.size, 1))).squareRoot()
    }
    if grouping.definition.criterion.leakageBound != nil, id != .unassigned { summary.leaked = cell.leaked }
    summary.tasks = try shares(cell.tasks, transaction)
    return summary
  }

  /// The commonest tasks, equally common ones by their numbers.
  static func shares(
    _ tasks: [UInt32: UInt64], _ transaction: borrowing ReadTransaction
  ) throws -> [TaskShare] {
    try tasks.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
      TaskShare(task: try transaction.task(TaskID($0.key))?.name, size: $0.value)
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
