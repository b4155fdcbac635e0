import ArgumentParser
import CohortCore
import CohortPipeline
import CohortPlanning
import CohortStore

/// `cohort plan create`
struct PlanCreate: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a plan, and report what its epochs give before any training.",
    discussion: examples(
      "cohort plan create first --snapshot monday --grouping topics --batch-size 32",
      "cohort plan create calm --snapshot monday --grouping lengths --batch-size 64 --seed 7 --order curriculum",
      "cohort plan create baseline --snapshot monday --grouping topics --batch-size 32 --random",
      "cohort plan create tight --snapshot monday --grouping topics --batch-size 64 --length llama --token-budget 16384"
    ))

  @Argument(help: "The plan's name.") var name: String
  @Option(help: ArgumentHelp("The snapshot it stands on.", valueName: "name"), completion: StoreNames.snapshots)
  var snapshot: String
  @Option(
    help: ArgumentHelp("The grouping whose groups make the batches.", valueName: "name"),
    completion: StoreNames.groupings) var grouping: String
  @Option(
    help: ArgumentHelp(
      "The length measure that budget, curriculum and padding count by; else the store's own.", valueName: "name"),
    completion: StoreNames.measures)
  var length: String?
  @OptionGroup(title: "Policies") var policies: PlanPolicies
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    try NameRule.check(name, of: "plan")
    let configuration = try policies.configuration()
    let store = try session.writableStore(for: "plan create")
    let measure = length == SampleLengths.ownMeasure ? nil : length
    let unit = try store.read { transaction in
      let names = try transaction.existingSnapshot(snapshot).groupings.map(\.name)
      guard names.contains(grouping) else { throw CohortError.unknown("grouping", grouping, known: names) }
      return try measure.map { try transaction.existingMeasure($0).unit } ?? store.configuration.lengthUnit
    }
    let (_, report) = try PlanJob.create(
      store, name: name, snapshot: snapshot, grouping: grouping, configuration: configuration, measure: measure)
    let isTable = session.output.format == .table
    try session.output.record(
      isTable
        ? report.summary(name: name, grouping: grouping, unit: unit.name)
        : report.output(name: name, grouping: grouping))
    return .done
  }
}

extension PlanReport {
  /// What people want to know before they train.
  func summary(name: String, grouping: String, unit: String) -> OutputRecord {
    var record: OutputRecord = [
      "plan": .text(name), "plan_hash": .digest(planHash), "snapshot": .text(snapshot), "grouping": .text(grouping),
      "groups": .count(groups), "steps": .text("\(steps) an epoch, \(Self.sizes(smallestStep, largestStep)) samples"),
      "samples": .text("\(samples) an epoch, of \(rows) in the snapshot"),
      "repeated": .count(repeated), "dropped": .count(dropped), "mixed": .count(mixed),
      "purity": .text(Self.percent(purity)),
    ]
    if ungrouped > 0 { record.append("ungrouped", .text("\(ungrouped) samples have no group; they share steps")) }
    if foldedGroups > 0 { record.append("folded", .text("\(foldedGroups) small groups, \(foldedRows) samples")) }
    if droppedGroups > 0 { record.append("dropped_groups", .count(droppedGroups)) }
    if overBudgetGroups > 0 { record.append("over_budget_groups", .count(overBudgetGroups)) }
    guard let lengths else { return record }
    record.append(
      unit == "field" ? "lengths" : unit,
      .text("\(lengths.medianTokens) a step (median), \(lengths.p95Tokens) (p95), \(lengths.greatestTokens) (most)"))
    let ours = Self.percent(lengths.paddingWaste)
    record.append(
      "padding", .text("\(ours) of a padded step; \(Self.percent(lengths.randomPaddingWaste)) without grouping"))
    return record
  }

  private static func sizes(_ least: UInt64, _ greatest: UInt64) -> String {
    least == greatest ? "\(least)" : "\(least) to \(greatest)"
  }

  private static func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }

  func output(name: String, grouping: String) -> OutputRecord {
    [
      "plan": .text(name), "plan_hash": .digest(planHash), "snapshot": .text(snapshot), "grouping": .text(grouping),
      "kind": .text(kind.rawValue), "groups": .count(groups), "rows": .count(rows), "steps": .count(steps),
      "samples": .count(samples), "unique": .count(unique), "repeated": .count(repeated), "dropped": .count(dropped),
      "mixed": .count(mixed), "mixed_steps": .count(mixedSteps), "ungrouped": .count(ungrouped),
      "purity": .number(purity),
      "short_steps": .count(shortSteps), "smallest_step": .count(smallestStep), "largest_step": .count(largestStep),
      "small_groups": .count(smallGroups), "folded_groups": .count(foldedGroups), "folded_rows": .count(foldedRows),
      "dropped_groups": .count(droppedGroups), "over_budget_groups": .count(overBudgetGroups),
      "lengths": lengths.map { .json([UInt8]($0.json.utf8)) } ?? .null,
      "length_measure": .text(measure ?? SampleLengths.ownMeasure),
      "configuration": .json([UInt8](configuration.json.utf8)),
    ]
  }
}
