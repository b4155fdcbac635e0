public import CohortCore
public import CohortPipeline
public import CohortStore

/// `group list`: size, label, lengths, radius and tasks of each group.
public struct GroupListAction: ListAction {
  /// What the groups are sorted by; groups that are equal in it keep the order of their ids.
  public enum Order: String, CaseIterable, Sendable {
    /// The group's id, its members, their mean length, or its radius.
    case id, size, length, radius
  }

  public static let name = "group list"
  public static let columns = GroupSummary.columns
  /// Name of the grouping whose groups are listed.
  public var grouping: String
  /// All but `id` begin with the greatest.
  public var order: Order
  /// Tasks as shares in words.
  public var forPeople: Bool

  public init(grouping: String, order: Order = .id, forPeople: Bool = false) {
    self.grouping = grouping
    self.order = order
    self.forPeople = forPeople
  }

  /// Gives one row a group that has members, those without a group last where ids decide the order.
  /// - Throws: `store.unknown-grouping`.
  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    var groups = try GroupListing.list(store, grouping: grouping)
    switch order {
    case .id: break
    case .size: groups.sort { ($1.size, $0.group) < ($0.size, $1.group) }
    case .length: groups.sort { ($1.meanLength, $0.group) < ($0.meanLength, $1.group) }
    case .radius: groups.sort { ($1.radius ?? 0, $0.group) < ($0.radius ?? 0, $1.group) }
    }
    for group in groups { try row(group.record(forPeople: forPeople)) }
  }
}

/// `group show`: one group with its medoid, central, typical and outlying samples.
public struct GroupShowAction: RecordAction {
  public static let name = "group show"
  public var access: ActionAccess { .reads }
  /// The group to show, open or closed.
  public var group: GroupID
  /// Name of the grouping in which `group` is a number.
  public var grouping: String
  /// Central, typical and outlying members to show, of each kind.
  public var samples: Int
  /// Whether the report has the group's splits, merges and re-centrings, too.
  public var withHistory: Bool

  public init(group: GroupID, grouping: String, samples: Int = 3, withHistory: Bool = false) {
    self.group = group
    self.grouping = grouping
    self.samples = samples
    self.withHistory = withHistory
  }

  /// Reads the group's members and, if they are wanted, the events of the log that concern it.
  /// - Throws: `store.unknown-grouping`, `pipeline.unknown-group`.
  public func run(on store: Store, _ control: JobControl) throws -> GroupShowReport {
    try store.read { transaction in
      let detail = try GroupListing.show(
        grouping: grouping, group: group, shown: samples, withHistory: withHistory, transaction)
      return try GroupShowReport(detail, withHistory: withHistory, transaction)
    }
  }
}

/// `group history`: what happened to a group, to those it came from, and to its heirs, oldest first.
public struct GroupHistoryAction: ListAction {
  public static let name = "group history"
  public static let columns = GroupShowReport.historyColumns
  /// The group, open or closed.
  public var group: GroupID
  /// Name of the grouping in which `group` is a number.
  public var grouping: String

  public init(group: GroupID, grouping: String) {
    self.group = group
    self.grouping = grouping
  }

  /// Gives one row an event, as `group show` has them with its history.
  /// - Throws: `store.unknown-grouping`, `pipeline.unknown-group`.
  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let events = try store.read { try GroupListing.history(grouping: grouping, group: group, $0) }
    for event in events { try row(event.record) }
  }
}

extension GroupSummary {
  /// One column a property; `terms` and `leaked` are for programs only.
  public static let columns: [ReportColumn] = [
    "group", "size", "label", .hidden("terms"), "mean_length", "longest", "radius",
    .hidden("leaked"), "tasks",
  ]

  /// - Parameter forPeople: tasks as shares in words.
  func record(forPeople: Bool) -> ReportRecord {
    [
      "group": .id(group), "size": .count(size), "label": .text(label), "terms": .list(terms.map { .text($0) }),
      "mean_length": .number(meanLength), "longest": .count(longest), "radius": .optional(radius),
      "leaked": leaked.map { .count($0) } ?? .null,
      "tasks": forPeople
        ? .text(mix) : .list(tasks.map { .record(["task": .optional($0.task), "size": .count($0.size)]) }),
    ]
  }

  /// `gsm8k 61 %, orca 20 %`
  var mix: String {
    tasks.map { share in
      let percent = Double(share.size) / Double(max(size, 1)) * 100
      return "\(share.task ?? "(none)") \(Int(percent.rounded())) %"
    }.joined(separator: ", ")
  }
}
