internal import CohortCatalog
public import CohortCore
public import CohortPipeline
public import CohortStore

/// `update`: embeds, measures and puts into groups all that is pending, and brings the full-text index up to date; or does what
/// one grouping needs.
public struct UpdateAction: RecordAction {
  public static let name = "update"
  public var access: ActionAccess { .updates }
  /// Name of the only grouping to bring up to date, with what it looks at; nil for everything.
  public var grouping: String?

  public init(grouping: String? = nil) { self.grouping = grouping }

  /// Embeds, measures and groups what is pending; what was committed stays, whatever comes later.
  /// - Throws: `store.unknown-grouping`, `pipeline.interrupted`. Parts in trouble are in the report.
  public func run(on store: Store, _ control: JobControl) throws -> UpdateOutcome {
    let report = try StoreUpdater(store).update(grouping.map { .groupings([$0]) } ?? .everything, control: control)
    let (spaces, notes) = try store.read { transaction in
      let groupings = try transaction.groupings()
      let spaces = groupings.compactMap { grouping in grouping.definition.space.map { (grouping.name, $0) } }
      let updated = Set(report.groupings.map(\.grouping))
      let notes = try groupings.filter { updated.contains($0.name) }.compactMap { try note(on: $0, transaction) }
      return (spaces, notes)
    }
    var outcome = UpdateOutcome(report: report, spaces: Dictionary(spaces) { first, _ in first }, hints: notes)
    guard grouping == nil else { return outcome }
    do {
      outcome.indexed = try SearchUpkeep.run(store, control).indexed
    } catch let error as CohortError where error.code.module == .search {
      // Derived, and answers do not depend on it.
      outcome.searchTrouble = error
    }
    try control.checkpoint()
    return outcome
  }

  /// A grouping by an attribute that no sample has: one group, without a label.
  private func note(on grouping: GroupingRecord, _ transaction: borrowing ReadTransaction) throws -> String? {
    guard let kind = grouping.definition.criterion as? AttributeKind else { return nil }
    let groups = try transaction.groups(of: grouping.id).filter { $0.isOpen && $0.size > 0 }
    guard groups.count == 1, groups[0].geometry.text?.isEmpty == true else { return nil }
    return "No sample has the attribute '\(kind.key)': grouping '\(grouping.name)' is one group, without a label"
  }
}

/// What an update did, as lists: for people one of the groupings and one of the spaces, for programs one of all.
public struct UpdateOutcome: RecordReport {
  /// What was embedded, measured and grouped, and what could not be.
  public let report: UpdateReport
  /// Samples that were added to the full-text index.
  public internal(set) var indexed: UInt64 = 0
  /// Why it could not be brought up to date.
  var searchTrouble: CohortError?
  /// The space that a grouping looks at, for those that look at one.
  let spaces: [String: String]
  /// Sentences about groupings that divide nothing.
  let hints: [String]

  /// The keys of the records of `rows`; those of `groupings` are the ones before `space`.
  public static let groupingColumns: [ReportColumn] = [
    "grouping", "groups", "assigned", "rounds", "splits", "merges", .hidden("republished"), .hidden("deleted"),
    "provisional", "pending", .hidden("without_vector"), .hidden("leaked"), .hidden("changes"), .hidden("space"),
    .hidden("embedded"),
    .hidden("refused"),
  ]

  public var record: ReportRecord {
    var record: ReportRecord = ["groupings": .list(rows.map { .record($0) })]
    report.appendParts(to: &record)
    record.append("indexed", .count(indexed))
    return record
  }
  public var notes: [String] { report.notes + hints + (searchTrouble.map { ["\($0)"] } ?? []) }
  public var isPartial: Bool { report.hasRefusals }
  public var failure: CohortError? { report.failure }

  /// One record a grouping, in the order in which they were updated.
  public var groupings: [ReportRecord] { report.groupings.map(\.record) }
  /// One record for each space in which something was pending.
  public var embedded: [ReportRecord] { report.embedded.map(\.record) }

  /// Each grouping with what was embedded in its space, and behind them the spaces that none of them follows.
  public var rows: [ReportRecord] {
    let followed = report.groupings.map { spaces[$0.grouping] }
    var records = zip(report.groupings, followed).map { update, space in
      update.record.adding(space: space, report.embedded.first { $0.space == space })
    }
    for embedded in report.embedded where !followed.contains(embedded.space) {
      let none = Self.groupingColumns.prefix { $0.name != "space" }.map { (name: $0.name, value: ReportValue.null) }
      records.append(ReportRecord(none).adding(space: embedded.space, embedded))
    }
    return records
  }
}

extension ReportRecord {
  /// With what a run embedded in a space; nothing was pending where there is no report.
  fileprivate func adding(space: String?, _ report: EmbedReport?) -> ReportRecord {
    var record = self
    record.append("space", .optional(space))
    record.append("embedded", space == nil ? .null : .count(report?.embedded ?? 0))
    record.append("refused", space == nil ? .null : .count(report?.refused ?? 0))
    return record
  }
}

extension GroupingUpdate {
  fileprivate var record: ReportRecord {
    [
      "grouping": .text(grouping), "groups": .count(groups), "assigned": .count(assigned), "rounds": .count(rounds),
      "splits": .count(splits), "merges": .count(merges), "republished": .count(republished),
      "deleted": .count(deleted), "provisional": .count(provisional), "pending": .count(pending),
      "without_vector": .count(withoutVector), "leaked": leaked.map { .count($0) } ?? .null,
      "changes": .count(changes),
    ]
  }
}
