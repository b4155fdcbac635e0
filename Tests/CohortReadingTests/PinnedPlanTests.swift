import CohortCore
import CohortPlanning
import CohortReading
import CohortStore
import Testing

@Suite struct PinnedPlanTests {
  @Test func plansThatDoNotFitAreRefused() throws {
    let fixture = try ReadingFixture()
    let record = try fixture.plan()
    func code(_ body: () throws -> PinnedPlan) -> ErrorCode? {
      do {
        _ = try body()
        return nil
      } catch {
        return (error as? CohortError)?.code
      }
    }
    #expect(code { try PinnedPlan(fixture.store, record) } == nil)
    #expect(code { try PinnedPlan(fixture.store, named: "none") }?.name == "store.unknown-plan")
    // Of another store: the user's mistake. What does not fit together within one store: damage.
    let foreign = code { try PinnedPlan(try ReadingFixture().store, record) }
    #expect(foreign == .readingForeignPlan && foreign?.category == .usage)
    let population = try fixture.plan("population", digest: Digest128(high: 9, low: 9))
    let other = code { try PinnedPlan(fixture.store, population) }
    #expect(other == .readingPlanPopulation && other?.category == .corruption)
    _ = try fixture.plan("hash", hash: Digest128(high: 9, low: 9))
    #expect(code { try PinnedPlan(fixture.store, named: "hash") } == .readingPlanHash)
    var orphan = record
    orphan.snapshot = 77
    #expect(code { try PinnedPlan(fixture.store, orphan) } == .readingPlanWithoutSnapshot)
    orphan = record
    orphan.grouping = GroupingID(77)
    #expect(code { try PinnedPlan(fixture.store, orphan) } == .readingPlanPopulation)
  }

  @Test func anEpochVisitsEverySampleOnceAsTheIdsSay() throws {
    let fixture = try ReadingFixture()
    let pinned = try PinnedPlan(fixture.store, try fixture.plan())
    var seen: [SampleID] = []
    for index in 0..<pinned.plan.stepsPerEpoch {
      let step = try pinned.plan.step(epoch: 3, step: index)
      var visited: [SampleID] = []
      let holes = try pinned.visit(step) { part, sample in
        #expect(part == 0)
        visited.append(sample.id)
        try sample.withParts { view in
          #expect(view.response.map { String(decoding: $0.text, as: UTF8.self) } == "answer \(sample.id)")
          #expect(SampleContent.PartsView.joined(view.prompt) == Array("question \(sample.id)".utf8))
        }
      }
      #expect(try holes == 0 && visited == pinned.ids(at: step.positions))
      #expect(Set(visited.map { $0.rawValue % UInt64(ReadingFixture.groups) }).count == 1)
      seen += visited
    }
    #expect(seen.sorted() == (0..<ReadingFixture.samples).map { SampleID($0) })
  }

  @Test func theSharesOfAStepAreTheStep() throws {
    let fixture = try ReadingFixture()
    let pinned = try PinnedPlan(fixture.store, try fixture.plan())
    let step = try pinned.plan.step(epoch: 0, step: 1)
    var parts: [Int: [SampleID]] = [:]
    for rank in 0..<2 {
      _ = try pinned.visit(step, share: StepShare(rank: rank, world: 2, accumulation: 3)) { part, sample in
        parts[part * 2 + rank, default: []].append(sample.id)
      }
    }
    #expect(try parts.sorted { $0.key < $1.key }.flatMap(\.value) == pinned.ids(at: step.positions))
    for share in [StepShare(rank: 2, world: 2), StepShare(rank: -1, world: 2), StepShare(accumulation: 0)] {
      #expect { try pinned.visit(step, share: share) { _, _ in } } throws: {
        ($0 as? CohortError)?.code.name == "planning.invalid-slice"
      }
    }
  }

  @Test func deletedSamplesLeaveHoles() throws {
    let fixture = try ReadingFixture()
    let pinned = try PinnedPlan(fixture.store, try fixture.plan())
    let step = try pinned.plan.step(epoch: 0, step: 0)
    let ids = try pinned.ids(at: step.positions)
    _ = try fixture.store.write { try $0.delete([ids[1]], reason: "") }
    var visited: [SampleID] = []
    #expect(try pinned.visit(step) { visited.append($1.id) } == 1)
    #expect(visited == ids.filter { $0 != ids[1] })
    #expect(try pinned.ids(at: step.positions) == ids)
  }

  @Test func theDigestIsThatOfTheIdsForAnyWorld() throws {
    let fixture = try ReadingFixture()
    // More steps than one transaction covers.
    let pinned = try PinnedPlan(fixture.store, try fixture.plan(batchSize: 1))
    var expected = PlanDigest()
    for epoch in 0..<20 as Range<UInt64> {
      for index in 0..<pinned.plan.stepsPerEpoch {
        expected.add(try pinned.ids(at: pinned.plan.step(epoch: epoch, step: index).positions))
      }
    }
    let digest = expected.finish()
    var reports: [UInt64] = []
    let found = try pinned.digest(epochs: 0..<20) { done, total in
      reports.append(done)
      #expect(total == 20 * pinned.plan.stepsPerEpoch)
    }
    #expect(found == digest && reports.last == 20 * pinned.plan.stepsPerEpoch)
    #expect(try pinned.digest(epochs: 0..<20, world: 2, accumulation: 3) == digest)
  }

  /// Whoever reads a plan does not hold it: it may be dropped, with its snapshot. That is no damage.
  @Test func aPlanThatIsDroppedMeanwhileIsNoDamage() throws {
    let fixture = try ReadingFixture()
    let store = fixture.store
    let record = try fixture.plan(batchSize: 1)
    let pinned = try PinnedPlan(store, record)
    let step = try pinned.plan.step(epoch: 0, step: 0)
    try store.write { try $0.dropPlan(named: record.name) }
    // The samples of its snapshot are still known.
    #expect(try pinned.ids(at: step.positions).count == 1)
    try store.write { try $0.dropSnapshot(named: fixture.snapshot.name) }
    let readings: [() throws -> Void] = [
      { _ = try pinned.ids(at: step.positions) },
      { _ = try pinned.visit(step) { _, _ in } },
      { _ = try pinned.digest(epochs: 0..<1) },
      { _ = try PinnedPlan(store, record) },
      { _ = try store.read { try $0.groups(of: pinned.grouping.id, in: pinned.snapshot.id) } },
      { try store.read { try $0.forEachPiece(of: pinned.grouping.id, in: pinned.snapshot) { _ in true } } },
    ]
    for (number, read) in readings.enumerated() {
      let error = #expect(throws: CohortError.self, "\(number)") { try read() }
      #expect(
        error?.code.name == "store.dropped" && error?.category == .notFound, "\(number): \(error.debugDescription)")
    }
    #expect(try store.verify().isSound)
  }

  @Test func aDigestThatIsUnderWayEndsWhenItsPlanIsDropped() throws {
    let fixture = try ReadingFixture()
    let record = try fixture.plan(batchSize: 1)
    let pinned = try PinnedPlan(fixture.store, record)
    let error = #expect(throws: CohortError.self) {
      _ = try pinned.digest(epochs: 0..<20) { done, _ in
        guard done == pinned.plan.stepsPerEpoch else { return }
        try fixture.store.write { transaction in
          try transaction.dropPlan(named: record.name)
          try transaction.dropSnapshot(named: fixture.snapshot.name)
        }
      }
    }
    #expect(error?.code.name == "store.dropped")
  }
}
