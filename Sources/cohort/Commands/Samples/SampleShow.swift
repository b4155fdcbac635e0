import ArgumentParser
import CohortActions

/// `cohort sample show`
struct SampleShow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show samples in full.",
    discussion: examples("cohort sample show 17", "cohort sample show 17 40 '100..<110' --json"))

  @Argument(help: ArgumentHelp("Sample ids, or ranges A..<B.", valueName: "id")) var ids: [IDRangeArgument]
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let action = SampleShowAction(ids: ids.map(\.range))
    let printer = session.output.rows(SampleShowAction.columns)
    let isTable = session.output.format == .table
    try action.run(on: session.open(for: action.access, SampleShowAction.name)) { sample in
      if isTable { try session.output.text(sample.text) } else { try printer.print(sample.record) }
    }
    if !isTable { try printer.finish() }
    return .done
  }
}
