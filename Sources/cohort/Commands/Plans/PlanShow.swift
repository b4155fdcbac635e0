import ArgumentParser
import CohortActions
import CohortCore
import CohortReading

/// Which part of each step is looked at.
struct RankOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Ranks that share each step.", valueName: "w")) var world: Int?
  @Option(help: ArgumentHelp("Micro-batches that each rank accumulates into a step.", valueName: "a"))
  var accumulate: Int?

  func validate() throws {
    if let world, world < 1 { throw ValidationError("--world takes a number from 1.") }
    if let accumulate, accumulate < 1 { throw ValidationError("--accumulate takes a number from 1.") }
  }
}

/// `cohort plan show`
struct PlanShow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the batches of an epoch: any step, without the steps before it.",
    discussion: examples(
      "cohort plan show first --epoch 0 --steps 0:3",
      "cohort plan show first --epoch 4 --json",
      "cohort plan show first --epoch 0 --steps 7 --rank 1 --world 4 --accumulate 2",
      "cohort plan show first --epoch 0 --steps 812 --text",
      text: """
        Ranges of steps: A:B and A..<B end before B, A-B, A..B and A...B with it; A: goes to the end of the epoch.

        'ids' are those that the plan was made with: its digest counts them, whatever happens to the samples. 'deleted' names \
        those of them that were deleted since. A trainer does not get these, and nothing takes their place.
        """))

  @Argument(help: "The plan.", completion: StoreNames.plans) var name: String
  @Option(help: ArgumentHelp("The epoch, from 0.", valueName: "e")) var epoch: UInt64 = 0
  @Option(
    help: ArgumentHelp(
      "Steps: 7, 0:3 (0 to 2), 0-3 (0 to 3), 40: (from 40 on). Else the whole epoch.", valueName: "range"))
  var steps: StepRange?
  @Option(help: ArgumentHelp("Only what this rank reads, from 0; with --world.", valueName: "r")) var rank: Int?
  @OptionGroup var ranks: RankOptions
  @Flag(help: "Also the samples themselves.") var text = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if rank == nil, ranks.world != nil || ranks.accumulate != nil {
      throw ValidationError("--world and --accumulate divide a step among ranks: say which one with --rank.")
    }
    if let rank, rank < 0 || rank >= ranks.world ?? 1 {
      throw ValidationError("--rank \(rank) does not exist in a world of \(ranks.world ?? 1); see --world.")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    let action = PlanShowAction(
      plan: name, epoch: epoch, steps: steps.map { ($0.lower, $0.upper) } ?? (0, nil),
      share: rank.map { StepShare(rank: $0, world: ranks.world ?? 1, accumulation: ranks.accumulate ?? 1) },
      withTexts: text, forPeople: session.output.format == .table)
    guard text else { return try session.run(action) }
    guard session.output.format == .table else {
      return try session.run(action, columns: PlanShowAction.columns + ["samples"])
    }
    try action.run(on: session.open(for: action.access, PlanShowAction.name)) { step, samples in
      try session.output.text(Self.heading(step) + "\n\n")
      for sample in samples { try session.output.text(sample.text) }
    }
    return .done
  }

  /// `== epoch 0, step 812: group 17, 32 samples ==`
  private static func heading(_ step: ReportRecord) -> String {
    func cell(_ name: String) -> String { TableText.cell(step[name] ?? .null) }
    var text = "== epoch \(cell("epoch")), step \(cell("step")): group \(cell("group")), \(cell("size")) samples"
    if case .list(let deleted) = step["deleted"], !deleted.isEmpty {
      text += ", deleted since: \(deleted.map { TableText.cell($0) }.joined(separator: " "))"
    }
    return text + " =="
  }
}

/// `cohort plan which`
struct PlanWhich: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "which", abstract: "Tell in which step, rank and micro-batch of an epoch a sample comes.",
    discussion: examples(
      "cohort plan which first --id 17 --epoch 0", "cohort plan which first --id 17 --epoch 0 --world 4 --accumulate 2",
      text: """
        All counts begin at 0: 'index' is the place among the ids of the whole step, 'place' that in the micro-batch. A sample that an epoch repeats has several places; one that it leaves out has none.
        """))

  @Argument(help: "The plan.", completion: StoreNames.plans) var name: String
  @Option(help: ArgumentHelp("The sample.", valueName: "n")) var id: UInt64
  @Option(help: ArgumentHelp("The epoch, from 0.", valueName: "e")) var epoch: UInt64 = 0
  @OptionGroup var ranks: RankOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> PlanWhichAction {
    PlanWhichAction(
      plan: name, id: SampleID(id), epoch: epoch, world: ranks.world ?? 1, accumulation: ranks.accumulate ?? 1)
  }
}

/// `cohort plan digest`
struct PlanDigestCommand: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "digest", abstract: "Print one hash over all ids of some epochs, in order.",
    discussion: examples(
      "cohort plan digest first --epochs 2", "cohort plan digest first --epochs 2 --world 8 --accumulate 4",
      text: "The digest is the same for every --world and --accumulate: the ids are put together from the ranks' parts."
    ))

  @Argument(help: "The plan.", completion: StoreNames.plans) var name: String
  @Option(help: ArgumentHelp("Epochs from 0 on.", valueName: "e")) var epochs: UInt64
  @OptionGroup var ranks: RankOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> PlanDigestAction {
    PlanDigestAction(plan: name, epochs: epochs, world: ranks.world ?? 1, accumulation: ranks.accumulate ?? 1)
  }
}
