import CohortCore
import CohortPlanning
import CohortReading
import CohortStore
import CohortTesting
import Testing

/// The step of a sample is one that gives it.
@Suite struct SamplePlaceTests {
  @Test func everySampleIsFoundWhereItIsRead() throws {
    let fixture = try ReadingFixture()
    let pinned = try PinnedPlan(fixture.store, try fixture.plan())
    func expectPlaces() throws {
      for epoch in [0, 7] as [UInt64] {
        for index in 0..<pinned.plan.stepsPerEpoch {
          let step = try pinned.plan.step(epoch: epoch, step: index)
          for (place, id) in try pinned.ids(at: step.positions).enumerated() {
            let expected = PlanPlace(step: index, index: UInt64(place))
            #expect(try pinned.places(of: id, epoch: epoch) == [expected])
            #expect(try pinned.firstPlace(of: id, epoch: epoch) == expected)
          }
        }
      }
    }
    try expectPlaces()
    // Groups move on, samples go, and come: the plan stays.
    var builder = SampleBatchBuilder()
    builder.add(prompt: "new", response: "sample")
    let prepared = builder.prepared
    let grouping = try fixture.store.read { try $0.existingGrouping("g") }
    try fixture.store.write { transaction in
      _ = try transaction.ingest(prepared, source: "more", origin: "")
      try transaction.commit(
        RoundCommit(
          assignments: [
            Assignment(id: SampleID(0), group: GroupID(2)), Assignment(id: SampleID(5), group: GroupID(0)),
            Assignment(id: SampleID(31), group: GroupID(0)),
          ], groups: [], engineState: [1],
          applied: FeedPosition(sequence: transaction.counters.lastSequence.next, offset: 0), isProvisional: false,
          events: [], digest: 1), to: grouping)
      _ = try transaction.delete([SampleID(9)], reason: "")
    }
    try expectPlaces()
    for id in [31, 32, .max] as [UInt64] {
      #expect(try pinned.firstPlace(of: SampleID(id), epoch: 0) == nil)
      #expect(try pinned.places(of: SampleID(id), epoch: 0) == [])
    }
  }
}
