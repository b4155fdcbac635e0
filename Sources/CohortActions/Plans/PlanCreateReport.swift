internal import CohortCore
public import CohortPlanning

/// A new plan, and what its epochs give.
public struct PlanCreateReport: RecordReport {
  /// Name of the new plan.
  public let plan: String
  /// Name of the selection whose samples it has; nil for all of the snapshot.
  public let selection: String?
  /// Name of the grouping that the batches come from.
  public let grouping: String
  /// What the lengths of the report count.
  let unit: LengthUnit
  /// What an epoch of the plan gives, as it is stored with the plan.
  public let report: PlanReport

  public var summary: ReportRecord {
    var record = outcome
    // Nobody should find it out on a bill for processors.
    if report.kind == .grouped { record.append("evidence", .text(Self.evidence)) }
    return record
  }

  /// What our own experiment says of plans such as this. Figures are those of Docs/evidence.md.
  private static let evidence =
    "batches of one group made a small model worse from scratch, less so when tuned; large models are not tried. "
    + "Compare with --random: cohort man evidence"

  private var outcome: ReportRecord {
    var record: ReportRecord = [
      "plan": .text(plan), "plan_hash": .digest(report.planHash), "snapshot": .text(report.snapshot),
      "grouping": .text(grouping), "groups": .count(report.groups),
      "steps": .text("\(report.steps) an epoch, \(Self.sizes(report.smallestStep, report.largestStep)) samples"),
      "samples": .text("\(report.samples) an epoch, of \(report.rows) in the \(population)"),
      "repeated": .count(report.repeated), "dropped": .count(report.dropped), "mixed": .count(report.mixed),
      "purity": .text(purity),
    ]
    if let selection { record.append("selection", .text(selection)) }
    if report.ungrouped > 0 {
      record.append("ungrouped", .text("\(report.ungrouped) samples have no group; they share steps"))
    }
    if report.foldedGroups > 0 {
      record.append(
        "folded",
        .text(
          "\(report.foldedGroups) small groups, \(report.foldedRows) samples: "
            + "batches are made from \(report.folding.batchGroups) of \(report.groups) groups"))
    }
    if report.droppedGroups > 0 { record.append("dropped_groups", .count(report.droppedGroups)) }
    if report.overBudgetGroups > 0 { record.append("over_budget_groups", .count(report.overBudgetGroups)) }
    record.append(
      "ranks",
      .text(
        report.smallestStep > 1
          ? "up to \(report.smallestStep) get samples in every step (ranks x micro-batches)"
          : "the smallest step has one sample: of several ranks, all but one get nothing in it"))
    guard let lengths = report.lengths else { return record }
    record.append(
      unit == .field ? "lengths" : unit.name,
      .text("\(lengths.median) a step (median), \(lengths.p95) (p95), \(lengths.greatest) (most)"))
    let ours = Self.percent(lengths.paddingWaste)
    record.append(
      "padding", .text("\(ours) of a padded step; \(Self.percent(lengths.randomPaddingWaste)) without grouping"))
    if let correlation = lengths.neighbourCorrelation {
      let rounded = (correlation * 100).rounded() / 100
      record.append(
        "neighbours",
        .text("correlation \(rounded == 0 ? 0 : rounded) between the lengths of a step and the next (0: no order)"))
    }
    return record
  }

  /// `100.0 %`, or with what folding left of it.
  private var purity: String {
    let folding = report.folding
    guard folding.samples > 0 else { return Self.percent(report.purity) }
    return
      "\(Self.percent(folding.groupPurity)) by the groups as they were; \(Self.percent(report.purity)) when groups that "
      + "were folded together count as one (\(folding.steps) steps)"
  }

  public var notes: [String] { largeBatch + emptyParts }

  private var largeBatch: [String] {
    let folding = report.folding
    let grouped = report.groups - (report.ungrouped > 0 ? 1 : 0)
    guard report.kind == .grouped, folding.groupsBelowBatch > grouped / 2 else { return [] }
    let what =
      report.foldedGroups > 0
      ? "\(report.foldedGroups) were folded into others, so \(Self.percent(folding.groupPurity)) of a step is from one group "
        + "on average" : "they give steps that repeat samples, or are short, mixed or left out, as --tail says"
    return [
      "A batch is larger than most groups: \(folding.groupsBelowBatch) of \(grouped) have fewer than "
        + "\(report.configuration.batchSize) samples; \(what). A smaller --batch-size, or a grouping with fewer and "
        + "larger groups"
    ]
  }

  private var emptyParts: [String] {
    let parts = report.parts
    guard parts.empty > 0 else { return [] }
    return [
      "With \(parts.world) ranks and \(parts.accumulation) micro-batches each, \(parts.steps) of \(report.steps) steps an epoch "
        + "leave a rank without a sample (\(parts.empty) empty parts): a trainer that waits for its gradients may hang. "
        + "The smallest step has \(report.smallestStep) samples; --tail fill, drop or pool make no smaller steps than a batch "
        + "where groups have that many"
    ]
  }

  /// What the plan's samples are all of.
  private var population: String { selection == nil ? "snapshot" : "selection" }

  private static func sizes(_ least: UInt64, _ greatest: UInt64) -> String {
    least == greatest ? "\(least)" : "\(least) to \(greatest)"
  }

  private static func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }

  public var record: ReportRecord {
    var record = counts
    if let selection { record.append("selection", .text(selection)) }
    return record
  }

  private var counts: ReportRecord {
    [
      "plan": .text(plan), "plan_hash": .digest(report.planHash), "snapshot": .text(report.snapshot),
      "grouping": .text(grouping), "kind": .text(report.kind.rawValue), "groups": .count(report.groups),
      "rows": .count(report.rows), "steps": .count(report.steps), "samples": .count(report.samples),
      "unique": .count(report.unique), "repeated": .count(report.repeated), "dropped": .count(report.dropped),
      "mixed": .count(report.mixed), "mixed_steps": .count(report.mixedSteps), "ungrouped": .count(report.ungrouped),
      "purity": .number(report.purity), "group_purity": .number(report.folding.groupPurity),
      "batch_groups": .count(report.folding.batchGroups), "folded_samples": .count(report.folding.samples),
      "folded_steps": .count(report.folding.steps), "groups_below_batch": .count(report.folding.groupsBelowBatch),
      "short_steps": .count(report.shortSteps),
      "smallest_step": .count(report.smallestStep), "largest_step": .count(report.largestStep),
      "small_groups": .count(report.smallGroups), "folded_groups": .count(report.foldedGroups),
      "folded_rows": .count(report.foldedRows), "dropped_groups": .count(report.droppedGroups),
      "over_budget_groups": .count(report.overBudgetGroups),
      "world": .count(report.parts.world), "accumulate": .count(report.parts.accumulation),
      "empty_parts": .count(report.parts.empty), "steps_with_empty_parts": .count(report.parts.steps),
      "lengths": report.lengths.map { .json([UInt8]($0.json.utf8)) } ?? .null,
      "length_measure": .text(report.measure ?? SampleLengths.ownMeasure),
      "configuration": .json([UInt8](report.configuration.json.utf8)),
    ]
  }
}
