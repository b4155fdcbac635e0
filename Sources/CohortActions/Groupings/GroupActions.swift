public import CohortCore
public import CohortPipeline
public import CohortStore

/// `group list`: size, label, lengths, radius and tasks of each group.
public struct GroupListAction: ListAction {
  /// What the groups are sorted by: a column, or `id` for the group's number. Groups that are equal in it keep the order of
  /// their numbers.
  public enum Order: String, CaseIterable, Sendable {
    /// The group's number, its members, what sets it apart, the mean and the greatest length, the radius, the leaked members,
    /// and its commonest task.
    case id, size, label, length, longest, radius, leaked, tasks

    /// The heading of its column.
    public var column: String {
      switch self {
      case .id: "group"
      case .length: "mean_length"
      default: rawValue
      }
    }

    /// The order of a word: its own name, or the heading of a column.
    public init?(name: String) {
      guard let order = Self.allCases.first(where: { $0.rawValue == name || $0.column == name }) else { return nil }
      self = order
    }

    /// Numbers begin with the greatest, ids and words with the first.
    public var ascendsUsually: Bool { self == .id || self == .label || self == .tasks }
  }

  public static let name = "group list"
  public static let columns = GroupSummary.columns
  /// Name of the grouping whose groups are listed; nil for the only one.
  public var grouping: String?
  /// What the list is sorted by.
  public var order: Order
  /// Nil for the usual way of `order`.
  public var isAscending: Bool?
  /// Tasks as shares in words: the commonest ones.
  public var forPeople: Bool

  public init(grouping: String?, order: Order = .id, isAscending: Bool? = nil, forPeople: Bool = false) {
    self.grouping = grouping
    self.order = order
    self.isAscending = isAscending
    self.forPeople = forPeople
  }

  /// Gives one row a group that has members, those without a group last where ids ascend.
  /// - Throws: `store.unknown-grouping`; `cli.usage` when nothing was named and there are several.
  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    var groups = try GroupListing.list(store, grouping: store.grouping(orOnly: grouping))
    let ascends = isAscending ?? order.ascendsUsually
    groups.sort { a, b in
      let (lower, upper) = ascends ? (a, b) : (b, a)
      return precedes(lower, upper) || (!precedes(upper, lower) && a.group < b.group)
    }
    for group in groups { try row(group.record(forPeople: forPeople, ownUnit: store.configuration.lengthUnit)) }
  }

  private func precedes(_ a: GroupSummary, _ b: GroupSummary) -> Bool {
    switch order {
    case .id: a.group < b.group
    case .size: a.size < b.size
    case .label: a.label < b.label
    case .length: a.meanLength < b.meanLength
    case .longest: a.longest < b.longest
    case .radius: a.radius ?? 0 < b.radius ?? 0
    case .leaked: a.leaked ?? 0 < b.leaked ?? 0
    case .tasks: a.tasks.first?.task ?? "" < b.tasks.first?.task ?? ""
    }
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
      return try GroupShowReport(
        detail, withHistory: withHistory, ownUnit: store.configuration.lengthUnit, transaction)
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
  /// One column a property; `terms`, `leaked` and what the lengths are by are for programs only.
  public static let columns: [ReportColumn] = [
    "group", "size", "label", .hidden("terms"), "mean_length", "longest", "radius",
    .hidden("leaked"), "tasks", .hidden("length_measure"), .hidden("length_unit"), .hidden("length_part"),
  ]

  /// - Parameters:
  ///   - forPeople: tasks as shares in words.
  ///   - ownUnit: what the store's own measure counts.
  func record(forPeople: Bool, ownUnit: LengthUnit) -> ReportRecord {
    [
      "group": .id(group), "size": .count(size), "label": .text(label), "terms": .list(terms.map { .text($0) }),
      "mean_length": .number(meanLength), "longest": .count(longest), "radius": .optional(radius),
      "leaked": leaked.map { .count($0) } ?? .null,
      "tasks": forPeople
        ? .text(mix) : .list(tasks.map { .record(["task": .optional($0.task), "size": .count($0.size)]) }),
      "length_measure": .text(lengthMeasure), "length_unit": .text((lengthUnit ?? ownUnit).name),
      "length_part": .text(lengthPart.name),
    ]
  }

  /// Tasks that people are told.
  private static let shownTasks = 3

  /// `gsm8k 61 %, orca 20 %, flan 5 %, 12 more`
  var mix: String {
    let shares = tasks.prefix(Self.shownTasks).map { share in
      let percent = Double(share.size) / Double(max(size, 1)) * 100
      // Neither none nor all, where it is not.
      let told =
        share.size < size && percent > 99 ? ">99" : share.size > 0 && percent < 1 ? "<1" : "\(Int(percent.rounded()))"
      return "\(share.task ?? "(none)") \(told) %"
    }
    let more = tasks.count - shares.count
    return (shares + (more > 0 ? ["\(more) more"] : [])).joined(separator: ", ")
  }
}
