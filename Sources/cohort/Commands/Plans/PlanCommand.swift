import ArgumentParser
import CohortActions

/// `cohort plan`
struct PlanCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Epochs of single-group batches: a pure function from (epoch, step) to sample ids.",
    discussion: examples(
      "cohort plan create first --snapshot monday --grouping topics --batch-size 32",
      "cohort plan show first --epoch 0 --steps '0..<3' --json", "cohort plan digest first --epochs 2"),
    subcommands: [PlanCreate.self, PlanList.self, PlanShow.self, PlanWhich.self, PlanDigestCommand.self, PlanDrop.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort plan list`
struct PlanList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the plans.",
    discussion: examples("cohort plan list", "cohort plan list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> PlanListAction { PlanListAction() }
}

/// `cohort plan drop`
struct PlanDrop: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a plan.", discussion: examples("cohort plan drop first"))

  @Argument(help: "The plan.", completion: StoreNames.plans) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> DropAction { DropAction(.plan, named: name) }
}
