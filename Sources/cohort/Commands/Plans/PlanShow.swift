import ArgumentParser
import CohortActions
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
struct PlanShow: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the batches of an epoch: any step, without the steps before it.",
    discussion: examples(
      "cohort plan show first --epoch 0 --steps '0..<3'",
      "cohort plan show first --epoch 4 --json",
      "cohort plan show first --epoch 0 --steps 7 --rank 1 --world 4 --accumulate 2"))

  @Argument(help: "The plan.", completion: StoreNames.plans) var name: String
  @Option(help: ArgumentHelp("The epoch, from 0.", valueName: "e")) var epoch: UInt64 = 0
  @Option(help: ArgumentHelp("Steps A..<B, A...B, A..< or A. Else the whole epoch.", valueName: "range"))
  var steps: StepRange?
  @Option(help: ArgumentHelp("Only what this rank reads, from 0; with --world.", valueName: "r")) var rank: Int?
  @OptionGroup var ranks: RankOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if rank == nil, ranks.world != nil || ranks.accumulate != nil {
      throw ValidationError("--world and --accumulate divide a step among ranks: say which one with --rank.")
    }
    if let rank, rank < 0 || rank >= ranks.world ?? 1 {
      throw ValidationError("--rank \(rank) does not exist in a world of \(ranks.world ?? 1); see --world.")
    }
  }

  func action(_ session: Session) -> PlanShowAction {
    PlanShowAction(
      plan: name, epoch: epoch, steps: steps.map { ($0.lower, $0.upper) } ?? (0, nil),
      share: rank.map { StepShare(rank: $0, world: ranks.world ?? 1, accumulation: ranks.accumulate ?? 1) })
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
