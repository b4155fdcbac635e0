import ArgumentParser
import CohortCore
import CohortPlanning
import CohortStore

/// `cohort plan`
struct PlanCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Epochs of single-group batches: a pure function from (epoch, step) to sample ids.",
    discussion: examples(
      "cohort plan create first --snapshot monday --grouping topics --batch-size 32",
      "cohort plan show first --epoch 0 --steps '0..<3' --json", "cohort plan digest first --epochs 2"),
    subcommands: [PlanCreate.self, PlanList.self, PlanShow.self, PlanDigestCommand.self, PlanDrop.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort plan list`
struct PlanList: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the plans.",
    discussion: examples("cohort plan list", "cohort plan list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let rows = try session.read { transaction in
      try transaction.plans().map { record -> OutputRecord in
        let plan = try Plan(decoding: record.plan)
        let snapshot = try transaction.snapshot(record.snapshot)
        let grouping = snapshot?.groupings.first { $0.id == record.grouping }
        return [
          "plan": .text(record.name), "snapshot": .optional(snapshot?.name), "grouping": .optional(grouping?.name),
          "batch_size": .count(plan.configuration.batchSize), "steps": .count(plan.stepsPerEpoch),
          "rows": .count(plan.rows), "created": .time(record.created), "plan_hash": .digest(record.hash),
          "report": .json([UInt8](record.report.utf8)),
        ]
      }
    }
    try session.output.list(
      ["plan", "snapshot", "grouping", "batch_size", "steps", "rows", "created", "plan_hash", .hidden("report")], rows)
    return .done
  }
}

/// `cohort plan drop`
struct PlanDrop: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a plan.", discussion: examples("cohort plan drop first"))

  @Argument(help: "The plan.", completion: StoreNames.plans) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.writableStore(for: "plan drop")
    _ = try store.read { try $0.existingPlan(name) }
    try store.write { try $0.dropPlan(named: name) }
    try session.output.record(["dropped": .text(name)])
    return .done
  }
}
