import ArgumentParser
import CohortActions
import CohortPipeline

/// `cohort grouping refine`
struct GroupingRefine: RecordCommand {
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

  func action(_ session: Session) -> GroupingRefineAction {
    GroupingRefineAction(grouping: name, passes: passes, until: until)
  }
}
