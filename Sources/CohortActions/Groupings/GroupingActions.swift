internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `grouping list`: each grouping with its definition, its open groups and how far it follows the log.
public struct GroupingListAction: ListAction {
  public static let name = "grouping list"
  public static let columns: [ReportColumn] = [
    "grouping", "by", "groups", "assigned", "samples", .hidden("created"), .hidden("applied"), .hidden("guard_ratio"),
  ]

  /// Lists every grouping of the store.
  public init() {}

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let rows = try store.read { transaction in
      try transaction.groupings().map { grouping -> ReportRecord in
        let groups = try transaction.groups(of: grouping.id).filter(\.isOpen)
        return [
          "grouping": .text(grouping.name), "by": .text(grouping.definition.text), "groups": .count(groups.count),
          "assigned": .count(groups.reduce(0) { $0 + $1.size }),
          "samples": .count(try transaction.counters.live), "created": .sequence(grouping.created),
          "applied": .sequence(grouping.provisional.sequence),
          "guard_ratio": .optional(try GroupListing.guardRatio(of: grouping)),
        ]
      }
    }
    try rows.forEach(row)
  }
}

/// `grouping refine`: lowers the error of a grouping by embedding until it stops falling.
public struct GroupingRefineAction: RecordAction {
  public static let name = "grouping refine"
  public var access: ActionAccess { .updates }
  /// Name of the grouping to refine, which must be by embedding.
  public var grouping: String
  /// The most passes over all samples.
  public var passes: Int
  /// Ends with the first pass that lowers the error by less than this share of it.
  public var share: Double

  public init(
    grouping: String, passes: Int = RefineJob.defaultPasses, until share: Double = RefineJob.defaultShare
  ) {
    self.grouping = grouping
    self.passes = passes
    self.share = share
  }

  /// Brings the grouping up to date, then makes passes; each one is committed alone.
  /// - Throws: `store.unknown-grouping`, `cli.usage` for another kind of grouping.
  public func run(on store: Store, _ control: JobControl) throws -> RefinementReport {
    let definition = try store.read { try $0.existingGrouping(grouping).definition }
    guard definition.criterion is EmbeddingKind else {
      throw CohortError.usage(
        "Only groupings by embedding can be refined; \"\(grouping)\" is by \(definition.text)",
        hint: "See cohort grouping list")
    }
    return try RefineJob.run(store, grouping: grouping, passes: passes, until: share, control: control)
  }
}

extension RefinementReport: RecordReport {
  public var record: ReportRecord {
    [
      "grouping": .text(grouping), "passes": .count(passes), "before": .optional(before), "after": .optional(after),
      "moved": .count(moved), "splits": .count(splits), "merges": .count(merges), "groups": .count(groups),
      "settled": .boolean(isSettled),
    ]
  }
}

/// `grouping leakage`: the samples that lie very near to an anchor, or how many each group has.
public struct GroupingLeakageAction: ListAction {
  public static let name = "grouping leakage"
  public static let columns: [ReportColumn] = ["id", "group", "label", "cosine"]
  /// The columns of the rows when `counts` is set.
  public static let countColumns: [ReportColumn] = ["group", "label", "leaked"]
  /// Name of the grouping, which must be by anchors.
  public var grouping: String
  /// The least cosine; nil for the one that the grouping was created with.
  public var threshold: Float?
  /// Only how many there are in each group.
  public var counts: Bool

  public init(grouping: String, threshold: Float? = nil, counts: Bool = false) {
    self.grouping = grouping
    self.threshold = threshold
    self.counts = counts
  }

  /// Scans the grouping's columns, and gives one row a leaked sample or, for counts, one a group.
  /// - Throws: `store.unknown-grouping`, `pipeline.no-anchors`.
  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let labels = try store.read { transaction in
      try transaction.grouping(named: grouping).map { found in
        try transaction.groups(of: found.id).map { (id: $0.id, label: $0.geometry.text ?? "") }
      } ?? []
    }
    if counts {
      var found: [GroupID: Int] = [:]
      try Leakage.forEach(store, grouping: grouping, threshold: threshold) { found[$0.group, default: 0] += 1 }
      for group in labels {
        try row(["group": .id(group.id), "label": .text(group.label), "leaked": .count(found[group.id] ?? 0)])
      }
    } else {
      let names = Dictionary(labels.map { ($0.id, $0.label) }) { first, _ in first }
      try Leakage.forEach(store, grouping: grouping, threshold: threshold) { sample in
        try row([
          "id": .id(sample.id), "group": .id(sample.group), "label": .text(names[sample.group] ?? ""),
          "cosine": .number(sample.cosine),
        ])
      }
    }
  }
}
