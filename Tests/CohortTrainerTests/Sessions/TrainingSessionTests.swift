import CohortCore
import CohortPlanning
import CohortTrainer
import Testing

@Suite struct TrainingSessionTests {
  @Test(arguments: [1, 3, 7, 100] as [UInt64]) func killAndResumeAtAnyStepGivesTheSameWeights(every: UInt64) throws {
    let plan = try TrainingFixture.plan()
    let whole = try TrainingFixture.train(plan)
    let steps = Int(plan.stepsPerEpoch) * 2
    #expect(whole.progress.steps == UInt64(steps))
    for kill in 0..<steps {
      let keeper = MemoryKeeper()
      let killed = MemorySource(plan: plan, killedAfter: kill)
      #expect(throws: Killed.self) {
        try TrainingFixture.train(plan, every: every, source: killed, keeper: keeper)
      }
      #expect(keeper.kept.count == kill / Int(every))
      let resumed = try TrainingFixture.train(plan, every: every, keeper: keeper, resume: true)
      #expect(resumed.weightsDigest == whole.weightsDigest, "killed after \(kill), checkpoint every \(every)")
      #expect(resumed.progress == whole.progress)
      #expect(resumed.cursor == whole.cursor)
      let kept = UInt64(kill) / every * every
      #expect(resumed.resumedFrom.map { $0.epoch * plan.stepsPerEpoch + $0.step } == (kept == 0 ? nil : kept))
    }
  }

  @Test func resumingTwiceContinuesAsIfNothingHadHappened() throws {
    let plan = try TrainingFixture.plan()
    let whole = try TrainingFixture.train(plan)
    var generator = SplitMix64(seed: 3)
    for turn in 0..<12 {
      let keeper = MemoryKeeper()
      var kills: [Int] = []
      var result: TrainingResult?
      while result == nil {
        let kill = Int.random(in: 1...9, using: &generator)
        kills.append(kill)
        let source = MemorySource(plan: plan, killedAfter: kill)
        do {
          result = try TrainingFixture.train(plan, every: 2, source: source, keeper: keeper, resume: true)
        } catch is Killed {}
        if kills.count > 200 { break }
      }
      #expect(result?.weightsDigest == whole.weightsDigest, "seed 3, turn \(turn), killed after \(kills)")
      #expect(result?.progress == whole.progress)
    }
  }

  @Test func worldAndAccumulationChangeNoBit() throws {
    let plan = try TrainingFixture.plan()
    let expected = try TrainingFixture.train(plan)
    for (world, accumulation) in [(2, 1), (4, 1), (8, 1), (1, 4), (2, 4), (3, 2)] {
      let source = MemorySource(plan: plan, world: world, accumulation: accumulation)
      let result = try TrainingFixture.train(plan, source: source)
      #expect(result.weightsDigest == expected.weightsDigest, "world \(world), accumulation \(accumulation)")
      #expect(result.progress == expected.progress)
    }
  }

  @Test func checkpointOfAnotherPlanIsRefusedWithBothHashes() throws {
    let keeper = MemoryKeeper()
    let plan = try TrainingFixture.plan(seed: 5)
    let other = try TrainingFixture.plan(seed: 6)
    _ = try TrainingFixture.train(plan, epochs: 1, keeper: keeper)
    #expect {
      try TrainingFixture.train(other, keeper: keeper, resume: true)
    } throws: { error in
      guard let error = error as? CohortError else { return false }
      return error.code.name == "planning.foreign-cursor" && error.message.contains(plan.hash.description)
        && error.message.contains(other.hash.description)
    }
    #expect(keeper.kept.count == 1)
  }

  @Test func checkpointOfAnotherLearnerIsRefused() throws {
    let plan = try TrainingFixture.plan()
    let keeper = MemoryKeeper()
    var checkpoint = Checkpoint(
      cursor: try plan.cursor(), progress: TrainingProgress(), learner: "stranger", state: [1, 2, 3])
    try keeper.save(checkpoint)
    #expect { try TrainingFixture.train(plan, keeper: keeper, resume: true) } throws: { error in
      (error as? CohortError)?.code.name == "trainer.other-learner"
    }
    checkpoint.learner = ReferenceLearner.kind
    try keeper.save(checkpoint)
    #expect { try TrainingFixture.train(plan, keeper: keeper, resume: true) } throws: { error in
      (error as? CohortError)?.code.name == "trainer.unreadable"
    }
  }

  @Test func stoppingKeepsACheckpointToGoOnFrom() throws {
    let plan = try TrainingFixture.plan()
    let whole = try TrainingFixture.train(plan)
    let keeper = MemoryKeeper()
    var session = try TrainingSession(plan: plan, learner: TrainingFixture.learner(), epochs: 2)
    var reports: [StepReport] = []
    let stopped = try session.run(
      batches: MemorySource(plan: plan), checkpoints: keeper, resume: false, now: { .zero }
    ) { report in
      reports.append(report)
      return reports.count == 5 ? .stop : .proceed
    }
    #expect(!stopped.isFinished)
    #expect(stopped.cursor == (try plan.cursor(epoch: 0, step: 5)))
    #expect(reports.map(\.step) == [0, 1, 2, 3, 4])
    #expect(keeper.kept.count == 1)
    let resumed = try TrainingFixture.train(plan, keeper: keeper, resume: true)
    #expect(resumed.isFinished)
    #expect(resumed.weightsDigest == whole.weightsDigest)
  }

  @Test func resumingAFinishedRunTrainsNothingMoreAndLongerOnesGoOn() throws {
    let plan = try TrainingFixture.plan()
    let keeper = MemoryKeeper()
    let first = try TrainingFixture.train(plan, epochs: 1, every: 2, keeper: keeper)
    let kept = keeper.kept
    let again = try TrainingFixture.train(plan, epochs: 1, every: 2, keeper: keeper, resume: true)
    #expect(again.weightsDigest == first.weightsDigest)
    #expect(again.isFinished)
    #expect(keeper.kept == kept)
    let longer = try TrainingFixture.train(plan, epochs: 2, every: 2, keeper: keeper, resume: true)
    #expect(longer.weightsDigest == (try TrainingFixture.train(plan, epochs: 2).weightsDigest))
  }

  @Test func reportsTellWhatHappened() throws {
    let plan = try TrainingFixture.plan()
    var session = try TrainingSession(plan: plan, learner: TrainingFixture.learner(), epochs: 2, checkpointEvery: 4)
    var seconds = 0
    var reports: [StepReport] = []
    let source = MemorySource(plan: plan, deleted: [0, 1, 2, 20])
    let clock: () -> Duration = {
      seconds += 2
      return .seconds(seconds)
    }
    let result = try session.run(batches: source, checkpoints: MemoryKeeper(), resume: false, now: clock) {
      reports.append($0)
      return .proceed
    }
    let perEpoch = Int(plan.stepsPerEpoch)
    #expect(reports.map(\.epoch) == (0..<2).flatMap { [UInt64](repeating: $0, count: perEpoch) })
    #expect(reports.indices.allSatisfy { reports[$0].checkpointed == (($0 + 1) % 4 == 0) })
    #expect(reports[0].samplesPerSecond == Double(reports[0].samples) / 2)
    #expect(result.progress.missing == UInt64(reports.reduce(0) { $0 + $1.missing }))
    #expect(result.progress.missing >= 8)
    #expect(result.progress.samples + result.progress.missing == plan.samplesPerEpoch * 2)
    for group in result.progress.losses.groups {
      let own = reports.filter { $0.group == group }
      let tokens = own.reduce(0) { $0 + $1.tokens }
      let total = own.reduce(0) { $0 + $1.loss * Double($1.tokens) }
      let statistics = try #require(result.progress.losses[group])
      #expect(statistics.steps == UInt64(own.count))
      #expect(statistics.tokens == UInt64(tokens))
      #expect(statistics.mean == total / Double(tokens))
      #expect(statistics.first == own.first?.loss)
      #expect(statistics.last == own.last?.loss)
    }
    #expect(result.progress.losses.groups == [GroupID(0), GroupID(1), GroupID(2)])
  }

  @Test func sourcesThatGiveWrongBatchesAreAnError() throws {
    struct Wrong: BatchSource, BatchReading {
      var batch: TrainingBatch?
      func next() throws -> TrainingBatch? { batch }
      func batches(from cursor: Cursor, untilEpoch end: UInt64) throws -> any BatchReading { self }
    }
    let plan = try TrainingFixture.plan()
    for (batch, code) in [(nil, "trainer.batches-ended"), (TrainingText.batch(4), "trainer.out-of-order")] {
      var session = try TrainingSession(plan: plan, learner: TrainingFixture.learner(), epochs: 1)
      #expect {
        try session.run(
          batches: Wrong(batch: batch), checkpoints: MemoryKeeper(), resume: false, now: { .zero },
          observe: { _ in .proceed })
      } throws: { ($0 as? CohortError)?.code.name == code }
    }
  }

  @Test func checkpointIntervalOfZeroIsRefused() throws {
    let plan = try TrainingFixture.plan()
    #expect {
      try TrainingSession(plan: plan, learner: TrainingFixture.learner(), epochs: 1, checkpointEvery: 0)
    } throws: { ($0 as? CohortError)?.category == .usage }
  }
}
