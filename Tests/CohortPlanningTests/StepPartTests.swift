import CohortCore
import CohortPlanning
import CohortTesting
import Testing

/// The part of a step that an index is in is the one whose slice holds it.
@Suite struct StepPartTests {
  @Test(arguments: 0..<40) func partsAreTheInverseOfSlices(seed: Int) throws {
    var random = TestRandom(seed: UInt64(seed))
    let (count, world, accumulation) = (random.below(90), 1 + random.below(9), 1 + random.below(6))
    var found = 0
    for micro in 0..<accumulation {
      for rank in 0..<world {
        let range = try PlannedStep.slice(
          count: count, rank: rank, world: world, accumulation: accumulation, micro: micro)
        for (place, index) in range.enumerated() {
          let part = try PlannedStep.part(ofIndex: index, count: count, world: world, accumulation: accumulation)
          #expect(part == StepPart(rank: rank, micro: micro, place: place), "seed \(seed)")
          found += 1
        }
      }
    }
    #expect(found == count, "seed \(seed)")
  }

  @Test func whatIsNoPartOfAStepIsRefused() {
    for (index, count, world, accumulation) in [(3, 3, 1, 1), (-1, 3, 1, 1), (0, 3, 0, 1), (0, 3, 1, 0), (0, 0, 1, 1)] {
      #expect(throws: CohortError.self) {
        try PlannedStep.part(ofIndex: index, count: count, world: world, accumulation: accumulation)
      }
    }
  }
}
