import ArgumentParser
import CohortCore
import CohortPipeline
import CohortStore

/// `cohort grouping refine`
struct GroupingRefine: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "refine", abstract: "Lower the error of a grouping by embedding until it stops falling.",
    discussion: examples(
      "cohort grouping refine topics", "cohort grouping refine topics --passes 3 --json",
      text: "Puts everything that is pending into groups first. Each pass publishes all centroids anew and puts every "
        + "sample on its nearest one; it is logged and committed alone: interrupted, what is done stays done."))

  @Argument(help: "The grouping.", completion: StoreNames.groupings) var name: String
  @Option(help: ArgumentHelp("At most this many passes.", valueName: "n")) var passes = RefineJob.defaultPasses
  @Option(
    help: ArgumentHelp("Stop after a pass that lowers the error by less than this share of it.", valueName: "share"))
  var until = RefineJob.defaultShare
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if !(1...10_000).contains(passes) { throw ValidationError("--passes takes a number from 1 to 10000.") }
    if !(0...1).contains(until) { throw ValidationError("--until takes a share from 0 to 1.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.writableStore(for: "grouping refine")
    let grouping = try store.read { try $0.existingGrouping(name) }
    guard grouping.definition.criterion is EmbeddingKind else {
      throw CohortError.usage(
        "Only groupings by embedding can be refined; \"\(name)\" is by \(grouping.definition.text)",
        hint: "See cohort grouping list")
    }
    let report = try RefineJob.run(
      store, grouping: name, passes: passes, until: until, control: session.jobControl())
    try session.output.record([
      "grouping": .text(report.grouping), "passes": .count(report.passes), "before": .optional(report.before),
      "after": .optional(report.after), "moved": .count(report.moved), "splits": .count(report.splits),
      "merges": .count(report.merges), "groups": .count(report.groups), "settled": .boolean(report.isSettled),
    ])
    return .done
  }
}
