import ArgumentParser
import CohortActions

/// `cohort sample show`
struct SampleShow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show samples in full, with their groups and the steps that draw them.",
    discussion: examples(
      "cohort sample show 17", "cohort sample show 17 40 '100..<110' --json",
      "cohort sample show 17 --everything", "cohort sample show 17 --plan first --epoch 0",
      text: """
        Messages, labels, source and line, the lengths by all measures, and the group in each grouping with the squared \
        distance to its centroid. --everything reads columns of all samples for each one: where it stands among the members of \
        its groups, what is nearest to it, and what holds it.
        """))

  @Argument(help: ArgumentHelp("Sample ids, or ranges: A..<B or A:B without B, A-B with it.", valueName: "id")) var ids:
    [IDRangeArgument]
  @Option(
    help: ArgumentHelp("Also the steps of this plan; with --epoch.", valueName: "name"), completion: StoreNames.plans)
  var plan: String?
  @Option(help: ArgumentHelp("The epoch of --plan, from 0.", valueName: "e")) var epoch: UInt64?
  @Flag(
    help: """
      Also the rank in each group by distance, the 5 nearest samples, and the snapshots, plans and selections that hold it.
      """)
  var everything = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if plan == nil, epoch != nil { throw ValidationError("--epoch is one of a plan: say which with --plan.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let action = SampleShowAction(
      ids: ids.map(\.range), drawn: plan.map { .init(plan: $0, epoch: epoch ?? 0) }, isEverything: everything)
    let printer = session.output.rows(
      SampleShowAction.columns + (everything ? SampleShowAction.everythingColumns : [])
        + (plan == nil ? [] : ["steps"]))
    let isTable = session.output.format == .table
    try action.run(on: session.open(for: action.access, SampleShowAction.name), session.jobControl()) { sample in
      if isTable { try session.output.text(sample.text) } else { try printer.print(sample.record) }
    }
    if !isTable { try printer.finish() }
    return .done
  }
}
