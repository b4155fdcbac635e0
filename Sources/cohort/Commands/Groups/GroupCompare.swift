import ArgumentParser
import CohortActions

/// `cohort group compare`
struct GroupCompare: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Compare two groupings, or one at two snapshots.",
    discussion: examples(
      "cohort group compare topics tasks", "cohort group compare topics@monday topics@friday --json",
      text: """
        GROUPING is the grouping as it is now, GROUPING@SNAPSHOT as a snapshot pinned it. Samples count that are in a \
        group on both sides. nmi, adjusted_rand, homogeneity, completeness and v_measure are those of scikit-learn with its \
        defaults, the first grouping as the classes; purity is the share of samples in the commonest first group of their \
        second group. Moves are samples that are not where most of their first group is; with one grouping, those whose \
        group has another number.
        """))

  @Argument(help: "GROUPING or GROUPING@SNAPSHOT.", completion: StoreNames.groupings) var first: String
  @Argument(help: "The other one.", completion: StoreNames.groupings) var second: String
  @Option(help: ArgumentHelp("The greatest cells of the contingency to print.", valueName: "n")) var cells: Int?
  @Option(help: ArgumentHelp("The largest moves to print.", valueName: "n")) var moves = 20
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if let cells, cells < 0 { throw ValidationError("--cells takes a number from 0.") }
    if moves < 0 { throw ValidationError("--moves takes a number from 0.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let isTable = session.output.format == .table
    let action = GroupCompareAction(first, second, cells: cells ?? (isTable ? 20 : 1000), moves: moves)
    let report = try session.perform(action) { try action.run(on: $0, $1) }
    return try session.finish(report) {
      guard isTable else { return try session.output.record(report.record) }
      try session.output.record(report.summary)
      try session.output.text("\ncontingency\n")
      try session.output.list(GroupCompareReport.tableColumns, report.table)
      try session.output.text("\nmoves\n")
      try session.output.list(GroupCompareReport.moveColumns, report.moves)
    }
  }
}
