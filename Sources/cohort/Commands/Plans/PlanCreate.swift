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
      "cohort plan create tight --snapshot monday --grouping topics --batch-size 64 --length llama --token-budget 16384",
      "cohort plan create wide --snapshot monday --grouping tasks --batch-size 64 --world 8 --accumulate 2",
      text: """
        Each step of an epoch is one batch of one group. In the report, 'repeated' samples come more than once in an epoch, \
        'dropped' ones not at all: a group's last samples seldom fill a batch, and --tail says what becomes of them. 'mixed' \
        samples are in steps of several groups; 'purity' is the share of samples in steps of one group. \
        Where small groups were 'folded' into others, it also tells what is left of it when each group counts as it was: \
        'group_purity' with --json. 'padding' is what a step wastes when all of its samples are padded to the longest. 'neighbours' tells whether steps that follow one another \
        are of like length: near 0 they come in no order, near 1 the lengths rise step by step.

        A plan does not depend on the number of ranks. --world and --accumulate only have the report count the parts of steps \
        that would be empty: a rank that gets no sample waits for the others.

        Batches of one group need not help. In our own experiment with a small model they hurt: plainly from scratch, less when \
        it was tuned on new tasks, next to nothing at a low rate on tasks that it knew. Large pretrained models were not tried. \
        Train a plan with --random beside yours ('cohort man evidence').
        """))

  @Argument(help: "The plan's name.") var name: String
  @Option(help: ArgumentHelp("The snapshot it stands on.", valueName: "name"), completion: StoreNames.snapshots)
  var snapshot: String?
  @Option(
    help: ArgumentHelp("The selection whose samples it has, in place of all of a snapshot.", valueName: "name"),
    completion: StoreNames.selections)
  var selection: String?
  @Option(
    help: ArgumentHelp(
      "The grouping whose groups make the batches. Not needed where the snapshot has only one.", valueName: "name"),
    completion: StoreNames.groupings)
  var grouping: String?
  @Option(
    help: ArgumentHelp(
      "The length measure that budget, curriculum and padding count by; else the store's own.", valueName: "name"),
    completion: StoreNames.measures)
  var length: String?
  @OptionGroup(title: "Policies") var policies: PlanPolicies
  @OptionGroup(title: "Only for the report") var ranks: RankOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if snapshot == nil, selection == nil { throw ValidationError("Missing expected argument '--snapshot <name>'") }
  }

  func action(_ session: Session) throws -> PlanCreateAction {
    PlanCreateAction(
      plan: name, snapshot: snapshot, selection: selection, grouping: grouping,
      configuration: try policies.configuration(), measure: length, world: ranks.world ?? 1,
      accumulation: ranks.accumulate ?? 1)
  }
}
