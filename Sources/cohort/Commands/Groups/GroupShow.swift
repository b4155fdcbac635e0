import ArgumentParser
import CohortActions
import CohortCore

/// `cohort group show`
struct GroupShow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show a group: what sets it apart, typical and outlying samples, lengths, neighbours.",
    discussion: examples(
      "cohort group show 17 --grouping topics", "cohort group show 17 --grouping topics --history --json"))

  @Argument(help: "The group's number.") var group: UInt32
  @Option(
    help: ArgumentHelp("The grouping. Not needed where the store has only one.", valueName: "name"),
    completion: StoreNames.groupings)
  var grouping: String?
  @Option(help: ArgumentHelp("Samples of each kind, 0 to 1000.", valueName: "n")) var samples = 3
  @Flag(help: "What happened to it, to those it came from, and to its heirs.") var history = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if !(0...1000).contains(samples) { throw ValidationError("--samples takes a number from 0 to 1000.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let action = GroupShowAction(
      group: GroupID(group), grouping: try session.grouping(grouping), samples: samples, withHistory: history)
    let report = try session.perform(action) { try action.run(on: $0, $1) }
    return try session.finish(report) {
      guard session.output.format == .table else { return try session.output.record(report.record) }
      try printText(report, session.output)
    }
  }

  private func printText(_ report: GroupShowReport, _ output: Output) throws {
    try output.record(report.summary)
    for (name, members) in report.sections where !members.isEmpty {
      try output.text("\n\(name)\n")
      for member in members {
        let distance = member.distance.isNumeric ? "  distance \(TableText.cell(member.distance))" : ""
        try output.text("  \(TableText.cell(member.id))\(distance)  \(member.excerpt)\n")
      }
    }
    try output.text("\nlengths\n")
    try output.list(GroupShowReport.lengthColumns, report.lengths)
    if !report.neighbours.isEmpty {
      try output.text("\nneighbours\n")
      try output.list(GroupShowReport.neighbourColumns, report.neighbours)
    }
    guard let history = report.history else { return }
    try output.text("\nhistory\n")
    try output.list(GroupShowReport.historyColumns, history)
  }
}
