public import ArgumentParser
public import CohortPlanning

/// The choices that make a plan, as options.
struct PlanPolicies: ParsableArguments {
  @Option(help: ArgumentHelp("Samples in one optimizer step, over all ranks.", valueName: "n")) var batchSize: UInt64
  @Option(help: ArgumentHelp("Another seed gives another order.", valueName: "n")) var seed: UInt64 = 0

  @Option(help: "Members that fill no batch: repeat some, make a smaller batch, leave out, or mix with near groups.")
  var tail = PlanConfiguration.Tail.fill

  @Option(help: "Groups smaller than a batch: keep them, or fold them into the nearest group.")
  var smallGroups = PlanConfiguration.SmallGroups.automatic

  @Option(help: "The order of an epoch's batches.") var order = PlanConfiguration.Order.shuffled
  @Flag(help: "Begin each epoch with the batch of the longest sample: too little memory shows at once.")
  var longestFirst = false

  @Option(
    help: ArgumentHelp(
      "Shares of the groups: proportional, temperature:T, or GROUP=WEIGHT,...", valueName: "weights"))
  var weights: WeightsArgument = .proportional

  @Option(
    help: ArgumentHelp(
      "What the epochs are, KIND[:EPOCHS],... with grouped and random; the last lasts for ever.", valueName: "phases"))
  var phases: PhasesArgument = PhasesArgument(phases: [])

  @Flag(help: "The baseline: the same samples and steps without grouping. Short for --phases random.")
  var random = false

  @Option(
    help: ArgumentHelp(
      "The greatest padded size of a step, in the unit of --length: groups of long samples get smaller steps.",
      discussion: """
        A group whose longest sample alone is longer gets steps of one sample, and such steps are over the budget; \
        'over_budget_groups' in the report counts these groups.
        """, valueName: "n"))
  var tokenBudget: UInt64?

  func validate() throws {
    if random, !phases.phases.isEmpty { throw ValidationError("--random and --phases exclude each other.") }
  }

  func configuration() throws -> PlanConfiguration {
    var configuration = PlanConfiguration(batchSize: batchSize, seed: seed)
    configuration.tail = tail
    configuration.smallGroups = smallGroups
    configuration.order = order
    configuration.longestFirst = longestFirst
    configuration.weights = weights.weights
    configuration.phases = phases.phases
    configuration.tokenBudget = tokenBudget
    if random { configuration = configuration.randomBaseline }
    try configuration.validate()
    return configuration
  }
}

extension PlanConfiguration.Tail: ExpressibleByArgument {}
extension PlanConfiguration.SmallGroups: ExpressibleByArgument {}

extension PlanConfiguration.Order: ExpressibleByArgument {
  /// The order of a word after `--order`; nil for any other word.
  public init?(argument: String) { self.init(name: argument) }

  /// The words that can be given, for help and completion.
  public static var allValueStrings: [String] { allCases.map(\.name) }
  /// As help shows the default.
  public var defaultValueDescription: String { name }
}

/// `proportional`, `temperature:T` or `GROUP=WEIGHT,...`.
struct WeightsArgument: ExpressibleByArgument, Sendable {
  let weights: PlanConfiguration.Weights

  static let proportional = WeightsArgument(weights: .proportional)

  init(weights: PlanConfiguration.Weights) { self.weights = weights }

  init?(argument: String) {
    guard let weights = PlanConfiguration.Weights(spelling: argument) else { return nil }
    self.weights = weights
  }

  var defaultValueDescription: String { "proportional" }
}

/// `KIND[:EPOCHS],...`: `random:1,grouped`.
struct PhasesArgument: ExpressibleByArgument, Sendable {
  let phases: [PlanConfiguration.Phase]

  init(phases: [PlanConfiguration.Phase]) { self.phases = phases }

  init?(argument: String) {
    guard let phases = PlanConfiguration.Phase.phases(spelling: argument) else { return nil }
    self.phases = phases
  }

  var defaultValueDescription: String { "grouped" }
}
