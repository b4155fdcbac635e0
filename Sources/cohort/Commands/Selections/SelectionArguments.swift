public import ArgumentParser
import CohortPipeline
public import CohortSelection

/// How much a selection may take.
struct BudgetArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Choose so many samples, exactly.", valueName: "n")) var count: UInt64?
  @Option(help: ArgumentHelp("Choose this share of the snapshot's samples, as 0.05.", valueName: "share"))
  var fraction: Double?
  @Option(
    help: ArgumentHelp("Choose samples of so many tokens in all: in the unit of --length.", valueName: "n"))
  var tokens: UInt64?

  func validate() throws {
    if [count != nil, fraction != nil, tokens != nil].count(where: { $0 }) > 1 {
      throw ValidationError("--count, --fraction and --tokens exclude each other.")
    }
    if let fraction, !(fraction > 0 && fraction <= 1) {
      throw ValidationError("--fraction takes a number above 0 and up to 1.")
    }
  }

  /// Nil when nothing was said.
  var budget: SelectionRequest.Budget? {
    if let count { return .rows(count) }
    if let tokens { return .tokens(tokens) }
    return fraction.map { .fraction($0) }
  }
}

/// What a selection is chosen by, beside its method and its budget.
struct SelectionArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The grouping whose groups are the clusters; else the snapshot's only one by embedding.", valueName: "name"),
    completion: StoreNames.groupings)
  var grouping: String?
  @Option(
    help: ArgumentHelp("The embedding space to compare in; else the grouping's, or the default.", valueName: "name"),
    completion: StoreNames.spaces)
  var space: String?
  @Option(
    help: ArgumentHelp("The length measure that counts tokens; else the store's own.", valueName: "name"),
    completion: StoreNames.measures)
  var length: String?
  @Option(help: ArgumentHelp("A grouping, or A*B, whose groups share the budget.", valueName: "grouping"))
  var strata: String?
  @Option(help: "How strata share the budget.") var shares = StratumShares.equal
  @Option(
    help: ArgumentHelp(
      "Samples that each stratum (each cluster without strata) gets before any gets more.", valueName: "n"))
  var minPerStratum: UInt64 = 0
  @Option(
    help: ArgumentHelp("Leave out samples with a greater cosine to one with a lower id, as 0.95.", valueName: "cosine"))
  var dedup: Double?
  @Option(
    help: ArgumentHelp("Leave out this share: the samples farthest from their clusters' centroids.", valueName: "share")
  )
  var dropIsolated = 0.0
  @Flag(help: "With kcenter: compare in coordinates in which vectors spread alike in all directions.")
  var whiten = false
  @Option(
    help: ArgumentHelp("A selection whose samples are not chosen; may be repeated.", valueName: "name"),
    completion: StoreNames.selections)
  var exclude: [String] = []
  @Option(
    help: ArgumentHelp("With --example: one, so many, or all samples of an example.", valueName: "one|n|all"))
  var templates = TemplateCount.all
  @Option(
    help: ArgumentHelp(
      "An attribute: samples with the same value are one example in several templates.", valueName: "field"))
  var example: String?
  @Option(help: ArgumentHelp("Another seed, another choice.", valueName: "n")) var seed: UInt64 = 0
  @Option(
    help: ArgumentHelp("task, or an attribute: what a linear probe is to tell from the vectors.", valueName: "field"))
  var probe: String?

  func validate() throws {
    if !(dropIsolated >= 0 && dropIsolated < 1) {
      throw ValidationError("--drop-isolated takes a number from 0 to below 1.")
    }
    if (templates != .all) != (example != nil) {
      throw ValidationError("--templates and --example belong together.")
    }
    if let dedup, !(dedup > 0 && dedup < 1) { throw ValidationError("--dedup takes a number between 0 and 1.") }
  }

  func request(_ snapshot: String, _ method: SelectionMethod, _ budget: SelectionRequest.Budget) -> SelectionRequest {
    var request = SelectionRequest(snapshot: snapshot, method: method, budget: budget, seed: seed)
    (request.grouping, request.space, request.measure) = (grouping, space, length)
    (request.strata, request.shares, request.minimum) = (strata, shares, minPerStratum)
    (request.isolated, request.isWhitened) = (dropIsolated, whiten)
    (request.templates, request.example) = (templates.count, example)
    (request.duplicates, request.excluded, request.probe) = (dedup, exclude, probe)
    return request
  }
}

/// What no chosen sample may be near to.
struct AvoidedArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Leave out what is near to the items of a benchmark: JSON lines with a vector or a text each, or a .npy file.",
      valueName: "file"), completion: .file())
  var withoutNear: String?
  @Option(help: ArgumentHelp("With --without-near: the cosine from which on a sample is near.", valueName: "cosine"))
  var near = 0.9

  func validate() throws {
    if !(near > 0 && near < 1) { throw ValidationError("--near takes a number between 0 and 1.") }
  }

  var items: AvoidedItems? { withoutNear.map { AvoidedItems(path: $0, cosine: near) } }
}

/// How many samples of an example may be chosen.
struct TemplateCount: ExpressibleByArgument, Hashable {
  static let all = TemplateCount(count: 0)

  /// 0 for all.
  let count: UInt64

  init(count: UInt64) { self.count = count }

  init?(argument: String) {
    switch argument {
    case "one": count = 1
    case "all": count = 0
    default:
      guard let number = UInt64(argument), number > 0 else { return nil }
      count = number
    }
  }

  var defaultValueDescription: String { count == 0 ? "all" : "\(count)" }
}

extension SelectionMethod: ExpressibleByArgument {}
extension StratumShares: ExpressibleByArgument {}
