import ArgumentParser
import CohortActions
import CohortPipeline
import CohortSelection

/// `cohort selection split`
struct SelectionSplit: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "split", abstract: "Split a snapshot for training and validation, without near-duplicates in common.",
    discussion: examples(
      "cohort selection split run1 --snapshot monday --fraction 0.1",
      "cohort selection split run1 --snapshot monday --fraction 0.1 --by-group --grouping examples",
      text: """
        Makes the selections NAME.train and NAME.validation. Samples whose cosine is above --apart stay on one side, \
        also through others between them; with --by-group, all members of a group do.
        """))

  @Argument(help: "What both names begin with.") var name: String
  @Option(help: ArgumentHelp("The snapshot to split.", valueName: "name"), completion: StoreNames.snapshots)
  var snapshot: String
  @Option(help: ArgumentHelp("The share of the validation set, as 0.1.", valueName: "share")) var fraction: Double
  @Flag(help: "Keep the groups of --grouping whole.") var byGroup = false
  @Option(
    help: ArgumentHelp(
      "Samples with a greater cosine stay on one side; 0.95 without --by-group.", valueName: "cosine"))
  var apart: Double?
  @Option(
    help: ArgumentHelp(
      "With --by-group: the grouping whose groups stay whole. Else one by embedding, whose space is compared in.",
      valueName: "name"), completion: StoreNames.groupings)
  var grouping: String?
  @Option(
    help: ArgumentHelp("The embedding space to compare in; else the grouping's, or the default.", valueName: "name"),
    completion: StoreNames.spaces)
  var space: String?
  @Option(
    help: ArgumentHelp("A grouping, or A*B, whose groups have the same share on both sides.", valueName: "grouping"))
  var strata: String?
  @OptionGroup var avoided: AvoidedArguments
  @Option(help: ArgumentHelp("Another seed, another split.", valueName: "n")) var seed: UInt64 = 0
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if !(fraction > 0 && fraction < 1) { throw ValidationError("--fraction takes a number between 0 and 1.") }
    if byGroup, grouping == nil { throw ValidationError("--by-group needs --grouping.") }
    if let apart, !(apart > 0 && apart < 1) { throw ValidationError("--apart takes a number between 0 and 1.") }
  }

  func action(_ session: Session) -> SelectionSplitAction {
    var request = SplitRequest(snapshot: snapshot, fraction: fraction, seed: seed)
    request.wholeGroups = byGroup ? grouping : nil
    (request.apart, request.grouping, request.space, request.strata) = (apart, grouping, space, strata)
    request.avoided = avoided.items
    return SelectionSplitAction(selection: name, request: request)
  }
}

/// `cohort selection sweep`
struct SelectionSweepCommand: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Measure methods at several budgets beside random draws, and store nothing.",
    discussion: examples(
      "cohort selection sweep --snapshot monday --probe task",
      "cohort selection sweep --snapshot monday --methods stratified,random --fractions 0.001,0.01,0.1 --format csv",
      text: """
        Each row is a figure of a method at a budget: its mean over the seeds, that of random draws of as many samples, \
        their difference, and half the width of its 95 % interval.
        """))

  @Option(help: ArgumentHelp("The snapshot to choose from.", valueName: "name"), completion: StoreNames.snapshots)
  var snapshot: String
  @Option(help: ArgumentHelp("Methods, with commas between; else all but kcenter.", valueName: "list"))
  var methods: MethodList?
  @Option(help: ArgumentHelp("Budgets, with commas between; else 0.005,0.01,0.02,0.05.", valueName: "list"))
  var fractions: ShareList?
  @Option(help: ArgumentHelp("Choices of each method, with seeds from --seed on.", valueName: "n")) var seeds = 5
  @Option(help: ArgumentHelp("Random draws at each budget.", valueName: "n")) var draws = 10
  @OptionGroup(title: "Choice") var choice: SelectionArguments
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if !(1...100).contains(seeds) { throw ValidationError("--seeds takes a number from 1 to 100.") }
    if !(2...1000).contains(draws) { throw ValidationError("--draws takes a number from 2 to 1000.") }
  }

  func action(_ session: Session) -> SelectionSweepAction {
    SelectionSweepAction(
      request: choice.request(snapshot, .stratified, .rows(1)),
      methods: methods?.methods ?? SelectionSweepAction.usualMethods,
      shares: fractions?.shares ?? SelectionSweepAction.usualShares, seeds: seeds, draws: draws)
  }
}

/// Methods with commas between.
struct MethodList: ExpressibleByArgument, Sendable {
  let methods: [SelectionMethod]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
    let methods = parts.compactMap { SelectionMethod(rawValue: $0) }
    guard methods.count == parts.count else { return nil }
    self.methods = methods
  }
}

/// Shares of a snapshot with commas between.
struct ShareList: ExpressibleByArgument, Sendable {
  let shares: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
    let shares = parts.compactMap { Double($0) }.filter { $0 > 0 && $0 <= 1 }
    guard shares.count == parts.count else { return nil }
    self.shares = shares
  }
}
