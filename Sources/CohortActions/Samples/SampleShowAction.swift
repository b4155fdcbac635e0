internal import CohortCore
public import CohortPipeline
internal import CohortPlanning
internal import CohortReading
public import CohortStore

/// `sample show`: samples in full, in the order asked for: messages and labels, source and line, lengths by all measures,
/// the group in each grouping, and the steps of a plan's epoch that draw them; if asked, also how they compare with others,
/// and what holds them.
public struct SampleShowAction: Action {
  /// An epoch of a plan.
  public struct PlanEpoch: Hashable, Sendable {
    /// The plan's name.
    public var plan: String
    /// Counted from 0.
    public var epoch: UInt64

    public init(plan: String, epoch: UInt64) {
      self.plan = plan
      self.epoch = epoch
    }
  }

  public static let name = "sample show"
  public var access: ActionAccess { .reads }
  /// The keys of a sample's record; `steps` is there only for an epoch of a plan.
  public static let columns = SampleDescription.columns + ["groups"]
  /// The keys that are there beside them when `isEverything`.
  public static let everythingColumns: [ReportColumn] = [
    "nearest", "nearest_exact", "snapshots", "plans", "selections",
  ]
  /// Half-open ranges of ids, shown in this order.
  public var ids: [Range<UInt64>]
  /// Nil to leave out in which steps the samples come.
  public var drawn: PlanEpoch?
  /// Whether to tell all that is known: the rank in each group by distance, the nearest samples, and the snapshots, plans and
  /// selections that hold a sample.
  public var isEverything: Bool

  public init(ids: [Range<UInt64>], drawn: PlanEpoch? = nil, isEverything: Bool = false) {
    self.ids = ids
    self.drawn = drawn
    self.isEverything = isEverything
  }

  /// No transaction is open while `body` has a sample: whoever reads the output may be slow.
  /// - Throws: `cli.unknown-sample` at the first id that does not exist or was deleted; `store.unknown-plan`.
  /// - Complexity: O(groupings + measures) a sample; with `isEverything` a pass over two columns for each grouping by embedding,
  ///   the vectors that `sample near` reads, and the ids of all selections.
  public func run(
    on store: Store, _ control: JobControl = JobControl(), _ body: (ShownSample) throws -> Void
  ) throws {
    let pinned = try drawn.map { try PinnedPlan(store, named: $0.plan) }
    for number in ids.joined() {
      let id = SampleID(number)
      let steps = try drawn.flatMap { drawn in
        try pinned?.places(of: id, epoch: drawn.epoch).map { place -> ReportRecord in
          [
            "plan": .text(drawn.plan), "epoch": .count(drawn.epoch), "step": .count(place.step),
            "index": .count(place.index),
          ]
        }
      }
      var shown = try store.read { transaction in
        guard let sample = try transaction.sample(id) else { throw try CohortError.noSample(id, transaction) }
        return ShownSample(
          description: try SampleDescription(sample, in: transaction),
          groups: try SampleGroup.all(of: id, transaction), steps: steps)
      }
      if isEverything { shown.context = try SampleContext(of: id, store, control) }
      try body(shown)
    }
  }
}

/// A sample with everything that is known of it.
public struct ShownSample: Sendable {
  fileprivate let description: SampleDescription
  fileprivate let groups: [SampleGroup]
  /// Nil unless asked for.
  fileprivate let steps: [ReportRecord]?
  /// Nil unless asked for.
  fileprivate var context: SampleContext?

  /// For programs.
  public var record: ReportRecord {
    var record = description.record
    record.append("groups", .list(groups.map { .record(self.record(of: $0)) }))
    context?.append(to: &record)
    if let steps { record.append("steps", .list(steps.map { .record($0) })) }
    return record
  }

  private func record(of group: SampleGroup) -> ReportRecord {
    var record = group.record
    guard let context else { return record }
    let rank = context.ranks[group.grouping]
    record.append("rank", rank.map { .count($0.rank) } ?? .null)
    record.append("size", rank.map { .count($0.size) } ?? .null)
    record.append("percentile", .optional(rank?.percentile))
    return record
  }

  /// For people.
  public var text: String {
    var lines = ""
    for group in groups {
      lines += group.text
      if let rank = context?.ranks[group.grouping] {
        lines += "  rank \(rank.rank) of \(rank.size): \((rank.percentile * 10).rounded() / 10) % are nearer"
      }
      lines += "\n"
    }
    lines += context?.text ?? ""
    for step in steps ?? [] {
      let (plan, epoch) = (CSVText.cell(step["plan"] ?? .null), CSVText.cell(step["epoch"] ?? .null))
      let (number, index) = (CSVText.cell(step["step"] ?? .null), CSVText.cell(step["index"] ?? .null))
      lines += "plan \(plan)  epoch \(epoch)  step \(number), place \(index)\n"
    }
    if steps?.isEmpty == true { lines += "not drawn in this epoch\n" }
    return description.text(places: lines)
  }
}

/// Where a sample is in a grouping.
struct SampleGroup: Sendable {
  let grouping: String
  /// Nil while it has none.
  let group: GroupID?
  /// The label, the interval, or nothing for a group by embedding.
  let label: String?
  /// The stored squared distance to the published centroid or the nearest anchor; nil for groupings without vectors.
  let distance: Double?
  /// Whether the sample came after the last full round, and may still get another group.
  let isProvisional: Bool

  /// The groups of a sample, in the order of the groupings' ids.
  static func all(of id: SampleID, _ transaction: borrowing ReadTransaction) throws -> [SampleGroup] {
    try transaction.groupings().map { grouping in
      let group = GroupID(try transaction.uint32(grouping.groupColumn, id))
      let stored = Float(bitPattern: try transaction.uint32(grouping.distanceColumn, id))
      let isThere = group != .unassigned
      return SampleGroup(
        grouping: grouping.name, group: isThere ? group : nil,
        label: isThere ? try transaction.group(group, in: grouping.id)?.geometry.text : nil,
        distance: isThere && grouping.definition.space != nil ? Double(stored.magnitude) : nil,
        isProvisional: isThere && stored.sign == .minus)
    }
  }

  var record: ReportRecord {
    [
      "grouping": .text(grouping), "group": group.map { .id($0) } ?? .null, "distance": .optional(distance),
      "label": .optional(label), "provisional": .boolean(isProvisional),
    ]
  }

  var text: String {
    guard let group else { return "\(grouping)  no group yet" }
    var text = "\(grouping)  group \(group)"
    if let label { text += " (\(label.isEmpty ? "no label" : label))" }
    if let distance { text += "  squared distance \(Float(distance))" }
    return text + (isProvisional ? "  provisional" : "")
  }
}
