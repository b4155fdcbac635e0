import CohortCore
import CohortPlanning
import CohortReading
import CohortStore
import CohortTrainer
import Testing

@Suite struct StoreCheckpointsTests {
  @Test func trainingFromAStoreSurvivesEveryKill() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let whole = try fixture.train(record, run: "whole")
    #expect(whole.isFinished)
    let steps = Int(whole.progress.steps)
    for kill in stride(from: 0, to: steps, by: 2) {
      let run = "kill \(kill)"
      #expect(throws: Killed.self) { try fixture.train(record, stopAfter: kill, run: run) }
      if kill + 4 < steps {
        #expect(throws: Killed.self) { try fixture.train(record, resume: true, stopAfter: 3, prefetch: 5, run: run) }
      }
      let resumed = try fixture.train(record, resume: true, prefetch: 0, run: run)
      #expect(resumed.weightsDigest == whole.weightsDigest, "killed after step \(kill)")
      #expect(resumed.progress == whole.progress)
    }
  }

  @Test func accumulationAndReadingAheadChangeNoWeights() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let expected = try fixture.train(record, run: "whole").weightsDigest
    for accumulation in [1, 2, 4] {
      for prefetch in [0, 3] {
        let result = try fixture.train(
          record, share: .init(accumulation: accumulation), prefetch: prefetch, run: "\(accumulation) \(prefetch)")
        #expect(result.weightsDigest == expected)
      }
    }
  }

  /// A run that is begun is known before its first checkpoint, and goes on under its name.
  @Test func aRunIsThereFromItsBeginning() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let plan = try Plan(decoding: record.plan)
    let checkpoint = try Checkpoint(
      cursor: plan.cursor(step: 1), progress: TrainingProgress(), learner: "reference", state: [1])
    func runs() throws -> [String] { try fixture.store.read { try $0.runs().map(\.name) } }
    let named = try StoreCheckpoints(store: fixture.store, run: "named", plan: record)
    try named.begin()
    #expect(try runs() == ["named"])
    #expect(try named.latest() == nil)
    // Killed before its first checkpoint: the same run goes on.
    let again = try StoreCheckpoints(store: fixture.store, run: "named", plan: record)
    try again.begin()
    try again.save(checkpoint)
    #expect(try runs() == ["named"])
    #expect(try again.latest()?.number == 0)
    // Two that want a name of their own get two.
    let fresh = try (0..<2).map { _ in try StoreCheckpoints(store: fixture.store, freshRunOf: record) }
    for keeper in fresh {
      try keeper.begin()
      try keeper.begin()
    }
    for keeper in fresh { try keeper.save(checkpoint) }
    #expect(try runs() == ["named", record.name, "\(record.name)-2"])
    #expect(fresh.map(\.run) == [record.name, "\(record.name)-2"])
  }

  @Test func theLastOnesAreKept() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let plan = try Plan(decoding: record.plan)
    let keeper = try StoreCheckpoints(store: fixture.store, run: "run", plan: record, keep: 2)
    #expect(try keeper.latest() == nil)
    for step in 0..<5 {
      try keeper.save(
        Checkpoint(
          cursor: plan.cursor(step: UInt64(step)), progress: TrainingProgress(), learner: "reference", state: [1]))
      #expect(try keeper.latest()?.checkpoint.cursor.step == UInt64(step))
    }
    let numbers = try fixture.store.read { transaction in
      try transaction.checkpoints(of: try #require(try transaction.run(named: "run")))
    }
    #expect(numbers.count == 2)
    #expect { try StoreCheckpoints(store: fixture.store, run: "run", plan: record, keep: 0) } throws: { error in
      (error as? CohortError)?.category == .usage
    }
  }

  @Test func damagedCheckpointsArePassedOverAndReported() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let whole = try fixture.train(record, run: "whole")
    #expect(throws: Killed.self) { try fixture.train(record, stopAfter: 7, run: "run") }
    let keeper = try StoreCheckpoints(store: fixture.store, run: "run", plan: record)
    let good = try #require(try keeper.latest())
    func saveBroken() throws -> UInt64 {
      var bytes = good.checkpoint.encode()
      bytes[40] ^= 1
      return try fixture.store.write { try $0.saveCheckpoint(bytes, run: "run", epoch: 0, step: 8, keep: 3) }
    }
    let broken = try saveBroken()
    let found = try #require(try keeper.latest())
    #expect(found.number == good.number)
    #expect(found.damaged.map(\.number) == [broken])
    let resumed = try fixture.train(record, resume: true, run: "run")
    #expect(resumed.weightsDigest == whole.weightsDigest)
    #expect(resumed.damagedCheckpoints.map(\.number) == [broken])
    for _ in 0..<3 { _ = try saveBroken() }
    #expect { try keeper.latest() } throws: { ($0 as? CohortError)?.code.name == "trainer.unreadable" }
  }

  @Test func aRunKeepsToItsPlan() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let other = try fixture.plan("other", seed: 6)
    _ = try fixture.train(record, epochs: 1, run: "run")
    #expect {
      try fixture.train(other, epochs: 1, resume: true, run: "run")
    } throws: { error in
      guard let error = error as? CohortError else { return false }
      return error.code.name == "planning.foreign-cursor" && error.message.contains(record.hash.description)
        && error.message.contains(other.hash.description)
    }
    #expect { try fixture.train(other, epochs: 1, run: "run") } throws: { error in
      (error as? CohortError)?.code.name == "trainer.foreign-run"
    }
  }

  @Test func namesOfRuns() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan("plan")
    #expect(try StoreCheckpoints.latestRun(of: "plan", in: fixture.store) == nil)
    var names: [String] = []
    for _ in 0..<3 {
      let name = try StoreCheckpoints.freshName(for: record, in: fixture.store)
      names.append(name)
      _ = try fixture.train(record, every: 100, epochs: 1, run: name)
      #expect(try StoreCheckpoints.latestRun(of: "plan", in: fixture.store)?.name == name)
    }
    #expect(names == ["plan", "plan-2", "plan-3"])
  }
}
