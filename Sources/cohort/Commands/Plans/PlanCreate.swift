import ArgumentParser
import CohortActions

/// `cohort plan create`
struct PlanCreate: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a plan, and report what its epochs give before any training.",
    discussion: examples(
      "cohort plan create first --snapshot monday --grouping topics --batch-size 32",
      "cohort plan create calm --snapshot monday --grouping lengths --batch-size 64 --seed 7 --order curriculum",
      "cohort plan create small --selection core --grouping topics --batch-size 32",
      "cohort plan create baseline --snapshot monday --grouping topics --batch-size 32 --random",
      "cohort plan create tight --snapshot monday --grouping topics --batch-size 64 --length llama --token-budget 16384"
    ))

  @Argument(help: "The plan's name.") var name: String
  @Option(help: ArgumentHelp("The snapshot it stands on.", valueName: "name"), completion: StoreNames.snapshots)
  var snapshot: String?
  @Option(
    help: ArgumentHelp("The selection whose samples it has, in place of all of a snapshot.", valueName: "name"),
    completion: StoreNames.selections)
  var selection: String?
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

  func validate() throws {
    if snapshot == nil, selection == nil { throw ValidationError("Missing expected argument '--snapshot <name>'") }
  }

  func action(_ session: Session) throws -> PlanCreateAction {
    PlanCreateAction(
      plan: name, snapshot: snapshot, selection: selection, grouping: grouping,
      configuration: try policies.configuration(), measure: length)
  }
}
