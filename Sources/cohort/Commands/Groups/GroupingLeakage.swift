import ArgumentParser
import CohortActions

/// `cohort grouping leakage`
struct GroupingLeakage: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "leakage", abstract: "List the samples that lie very near to an anchor.",
    discussion: examples(
      "cohort grouping leakage exams", "cohort grouping leakage exams --threshold 0.95 --json",
      "cohort grouping leakage exams --counts",
      text: """
        Anchors are often a benchmark's development set: a sample that is nearly one of them would make the benchmark \
        look easier than it is. 'cohort group list --json' counts them, too.
        """))

  @Argument(help: "A grouping by anchors.", completion: StoreNames.groupings) var name: String
  @Option(
    help: ArgumentHelp(
      "At least this cosine; if nothing is said, what the grouping was made with.", valueName: "cosine"))
  var threshold: Float?
  @Flag(help: "Only how many there are in each group.") var counts = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if let threshold, !(threshold > -1 && threshold <= 1) {
      throw ValidationError("--threshold takes a cosine up to 1.")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    try session.run(
      GroupingLeakageAction(grouping: name, threshold: threshold, counts: counts),
      columns: counts ? GroupingLeakageAction.countColumns : GroupingLeakageAction.columns)
  }
}
