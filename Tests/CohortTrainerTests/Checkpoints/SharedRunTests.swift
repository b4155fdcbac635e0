import CohortCore
import CohortPlanning
import CohortStore
import CohortTesting
import CohortTrainer
import Testing

/// Two trainings at the same time do not write into each other's runs.
@Suite struct SharedRunTests {
  private func checkpoint(_ plan: Plan, _ step: UInt64) throws -> Checkpoint {
    Checkpoint(cursor: try plan.cursor(step: step), progress: TrainingProgress(), learner: "reference", state: [1])
  }

  @Test func oneOfTwoTrainingsGoesOnWithARun() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let plan = try Plan(decoding: record.plan)
    let first = try StoreCheckpoints(store: fixture.store, run: "run", plan: record)
    let second = try StoreCheckpoints(store: fixture.store, run: "run", plan: record)
    try first.save(checkpoint(plan, 1))
    // Begun under a name that was free then.
    #expect(codeName { try second.save(checkpoint(plan, 1)) } == "trainer.run-taken")
    // Taken up twice.
    #expect(try second.latest()?.number == 0)
    try second.save(checkpoint(plan, 2))
    let error = try failure { try first.save(checkpoint(plan, 3)) }
    #expect(error.code.name == "trainer.run-taken" && error.cause?.contains("2 checkpoints") == true)
    try second.save(checkpoint(plan, 4))
    let kept = try #require(try first.latest())
    #expect(kept.number == 2 && kept.checkpoint.cursor.step == 4)
    try first.save(checkpoint(plan, 5))
    #expect(try fixture.store.verify().isSound)
  }

  @Test func newRunsOfOnePlanHaveNamesOfTheirOwn() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan("plan")
    let plan = try Plan(decoding: record.plan)
    let runs = try (0..<3).map { _ in try StoreCheckpoints(store: fixture.store, freshRunOf: record) }
    for step in 1..<4 {
      for run in runs { try run.save(checkpoint(plan, UInt64(step))) }
    }
    #expect(runs.map(\.run) == ["plan", "plan-2", "plan-3"])
    for run in runs { #expect(try run.latest()?.number == 2) }
    #expect(throws: CohortError.self) { try StoreCheckpoints(store: fixture.store, freshRunOf: record, keep: 0) }
  }
}
