import CohortCore
import CohortPlanning
import CohortReading
import CohortStore
import CohortTesting
import Testing

/// Steps that are read ahead are those that are read one by one.
@Suite struct StepReaderTests {
  private func texts(_ batch: TextBatch) -> [[UInt8]] {
    (0..<batch.count).flatMap { sample in
      [Array("\(batch.id(sample))".utf8)] + batch.messages(of: sample).map { [UInt8](batch.text($0)) }
    }
  }

  @Test(arguments: [(1, 1), (1, 4), (3, 2), (3, 9)])
  func stepsComeInTheirOrderOverEndsOfEpochs(threads: Int, ahead: Int) throws {
    let fixture = try ReadingFixture()
    let pinned = try PinnedPlan(fixture.store, try fixture.plan())
    let steps = pinned.plan.stepsPerEpoch
    let share = StepShare(rank: 1, world: 2, accumulation: 2)
    let reader = try StepReader(pinned, epoch: 0, step: 3, share: share, ahead: ahead, threads: threads)
    let alone = TextBatch()
    for number in 3..<(3 * steps) {
      let step = try pinned.plan.step(epoch: number / steps, step: number % steps)
      try pinned.read(step, share: share, into: alone)
      let batch = try reader.next()
      #expect(batch.label == alone.label && batch.parts == alone.parts && texts(batch) == texts(alone))
      // Not each is given back.
      if number % 3 != 0 { reader.giveBack(batch) }
      // Whoever ends the threads gets the steps all the same.
      if number % 5 == 0 { reader.close() }
    }
  }

  @Test func whatIsReadIsNotChangedByWhatIsReadAhead() throws {
    let fixture = try ReadingFixture()
    let pinned = try PinnedPlan(fixture.store, try fixture.plan())
    let reader = try StepReader(pinned, ahead: 3, threads: 2)
    let kept = try (0..<20).map { _ in
      let batch = try reader.next()
      return (batch, texts(batch))
    }
    for (batch, before) in kept { #expect(texts(batch) == before) }
  }

  /// An error comes in its place, and the same step is tried again.
  @Test func aStepThatFailsIsTriedAgain() throws {
    let fixture = try ReadingFixture()
    let pinned = try PinnedPlan(fixture.store, try fixture.plan())
    let reader = try StepReader(pinned, ahead: 2, threads: 2)
    let first = try reader.next()
    #expect(first.label?.step == 0)
    reader.close()
    try fixture.store.write { transaction in
      try transaction.dropPlan(named: "plan")
      try transaction.dropSnapshot(named: fixture.snapshot.name)
    }
    for _ in 0..<3 { #expect(codeName { _ = try reader.next() } == "store.dropped") }
    #expect(texts(first).count > 0)
  }

  @Test func placesThatThePlanDoesNotHaveAreRefused() throws {
    let fixture = try ReadingFixture()
    let pinned = try PinnedPlan(fixture.store, try fixture.plan())
    let steps = pinned.plan.stepsPerEpoch
    #expect(codeName { _ = try StepReader(pinned, step: steps) } == "planning.no-such-step")
    #expect(codeName { _ = try StepReader(pinned, share: StepShare(rank: 1)) } == "planning.invalid-slice")
    // Behind the last epoch there is nothing, and the reader says so again and again.
    let last = try StepReader(pinned, epoch: Cursor.greatestNumber, step: steps - 1)
    #expect(try last.next().label?.step == steps - 1)
    for _ in 0..<2 { #expect(codeName { _ = try last.next() } == "planning.no-such-step") }
  }
}
