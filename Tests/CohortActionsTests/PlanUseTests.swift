import CohortActions
import CohortCore
import CohortPipeline
import CohortStore
import Synchronization
import Testing

/// Plans that somebody wants to drop while a run follows them.
@Suite struct PlanUseTests {
  private let asked: VerbStore

  init() throws {
    asked = try VerbStore(samples: 40)
    try asked.ask("grouping create", #"{"name":"tasks","by":"task"}"#)
    try asked.ask("snapshot create", #"{"name":"s"}"#)
    try asked.ask("plan create", #"{"name":"p","snapshot":"s","grouping":"tasks","batch_size":1}"#)
  }

  /// Trains an epoch; `body` is called after the first step.
  private func train(_ body: () throws -> Void) throws -> TrainReport {
    var steps = 0
    return try TrainAction(plan: "p", epochs: 1).run(on: asked.store, JobControl()) { _ in
      steps += 1
      if steps == 1 { try body() }
    }
  }

  @Test func aPlanIsNotDroppedWhileARunFollowsIt() throws {
    let report = try train {
      let error = #expect(throws: CohortError.self) { try asked.ask("plan drop", path: ["plan": "p"]) }
      #expect(error?.code.name == "store.plan-in-use")
      // While the plan is there, so is its snapshot.
      let other = #expect(throws: CohortError.self) { try asked.ask("snapshot drop", path: ["snapshot": "s"]) }
      #expect(other?.code.name == "store.snapshot-in-use")
    }
    #expect(report.failure == nil)
    try asked.ask("plan drop", path: ["plan": "p"])
  }

  @Test func aRunTellsHowFarItIs() throws {
    let told = Mutex<[JobProgress]>([])
    let control = JobControl(report: { progress in told.withLock { $0.append(progress) } })
    let report = try TrainAction(plan: "p", epochs: 2, runName: "r").run(on: asked.store, control) { _ in }
    #expect(report.failure == nil)
    let steps = told.withLock { $0 }
    #expect(steps.map(\.done) == Array(1...80) && steps.allSatisfy { $0.total == 80 && $0.unit == "steps" })
  }

  /// A run that failed follows nothing any more.
  @Test func aRunThatFailedFollowsNothing() throws {
    struct Broken: Error {}
    #expect(throws: Broken.self) { _ = try train { throw Broken() } }
    try asked.ask("plan drop", path: ["plan": "p"])
  }

  /// Another process does not know of the run.
  @Test func aRunWhosePlanIsDroppedByAnotherProcessIsToldSo() throws {
    let error = #expect(throws: CohortError.self) {
      _ = try train {
        try asked.store.write { transaction in
          try transaction.dropPlan(named: "p")
          try transaction.dropSnapshot(named: "s")
        }
      }
    }
    #expect(error?.code.name == "store.dropped" && error?.category == .notFound)
  }
}
