import ArgumentParser
import CohortCore
import CohortPipeline
import CohortPlanning
import CohortReading
import CohortStore

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

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.readableStore()
    _ = try store.read { try $0.existingPlan(name) }
    let stored = try PinnedPlan(store, named: name)
    let count = stored.plan.stepsPerEpoch
    if let steps, steps.lower >= count {
      throw CohortError(
        .cliNoSuchStep, "Plan '\(name)' has no step \(steps.lower)",
        hint: count == 0 ? "Its epochs have no steps" : "The steps of an epoch go from 0 to \(count - 1)")
    }
    let printer = session.output.rows(["epoch", "step", "group", .hidden("mixed"), "size", "ids"], lines: true)
    for index in steps?.clamped(to: count) ?? 0..<count {
      try printer.print(try row(try stored.plan.step(epoch: epoch, step: index), stored))
    }
    try printer.finish()
    return .done
  }

  private func row(_ step: PlannedStep, _ stored: PinnedPlan) throws -> OutputRecord {
    var parts = [step.positions]
    if let rank {
      let accumulation = ranks.accumulate ?? 1
      parts = try (0..<accumulation).map { micro in
        Array(
          step.positions[
            try step.slice(rank: rank, world: ranks.world ?? 1, accumulation: accumulation, micro: micro)])
      }
    }
    let ids = try parts.map { try stored.ids(at: $0) }
    let all = ids.flatMap { $0 }
    var record: OutputRecord = [
      "epoch": .count(step.epoch), "step": .count(step.step), "group": .id(step.group),
      "ids": .list(all.map { .id($0) }), "size": .count(all.count), "mixed": .boolean(step.isMixed),
    ]
    if rank != nil { record.append("micro_batches", .list(ids.map { .list($0.map { .id($0) }) })) }
    return record
  }
}

/// `cohort plan digest`
struct PlanDigestCommand: CohortCommand {
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

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.readableStore()
    _ = try store.read { try $0.existingPlan(name) }
    let stored = try PinnedPlan(store, named: name)
    let digest = try PlanDigestJob.run(
      stored, epochs: 0..<epochs, world: ranks.world ?? 1, accumulation: ranks.accumulate ?? 1,
      control: session.jobControl())
    try session.output.record([
      "plan": .text(name), "epochs": .count(epochs), "digest": .digest(digest), "plan_hash": .digest(stored.plan.hash),
      "steps": .count(stored.plan.stepsPerEpoch),
    ])
    return .done
  }
}
