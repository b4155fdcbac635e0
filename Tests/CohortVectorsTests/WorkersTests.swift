import CohortCore
import CohortKernels
import CohortTesting
import CohortVectors
import Synchronization
import Testing

struct WorkersTests {
  private struct Failure: Error, Equatable { var part: Int }

  @Test(arguments: [1, 2, 5], [0, 1, 7, 100])
  func eachPartIsDoneOnceAndResultsAreInOrder(count: Int, parts: Int) throws {
    let workers = Workers(count: count)
    defer { workers.end() }
    for grain in [1, 3, 200] {
      let calls = Mutex([Int](repeating: 0, count: parts))
      let found = try workers.map(parts, grain: grain, isWorthwhile: true) { worker, index in
        calls.withLock { $0[index] += 1 }
        #expect(worker >= 0 && worker < count)
        return index * index
      }
      #expect(found == (0..<parts).map { $0 * $0 })
      #expect(calls.withLock { $0.allSatisfy { $0 == 1 } })
    }
  }

  @Test(arguments: [1, 4])
  func theFailureOfTheLowestPartIsThrownAndWorkGoesOnAfterIt(count: Int) throws {
    let workers = Workers(count: count)
    defer { workers.end() }
    for _ in 0..<20 {
      let failure = #expect(throws: Failure.self) {
        try workers.run(parts: 64, isWorthwhile: true) { _, part in
          if part == 5 || part == 40 { throw Failure(part: part) }
        }
      }
      #expect(failure == Failure(part: 5))
      let sum = Atomic(0)
      try workers.run(parts: 64, isWorthwhile: true) { _, part in sum.wrappingAdd(part, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) == 2_016)
    }
  }

  /// Rows streamed through blocks meet the columns that a plain search finds, whatever the number of workers.
  @Test(arguments: [1, 3], [false, true])
  func streamedRowsMeetTheirNearestColumns(count: Int, holdsHalves: Bool) throws {
    let seed: UInt64 = 111
    var random = TestRandom(seed: seed)
    let dimension = 24
    var source = MemoryRows(
      vectors: random.rows(900, dimension: dimension).map { $0.map { Float(Float16($0)) } }, holdsHalves: holdsHalves)
    source.vectors[18] = nil
    let columns = try Self.columns(40, dimension: dimension, &random)
    let workers = Workers(count: count)
    defer { workers.end() }
    let samples = (0..<900).filter { $0 % 3 != 1 }.map(UInt64.init)
    nonisolated(unsafe) let blocks = (0..<count).map { _ in RowBlock(dimension: dimension, capacity: 64) }
    let found = Mutex([UInt64: Int]())
    try workers.compare(samples, of: source, with: columns, in: blocks, COHORT_PATH_BEST) { worker, start, products in
      let (block, scores) = (blocks[worker], ScoreBuffer())
      #expect(block.samples == Array(samples[start..<min(start + 64, samples.count)]))
      #expect(products == block.count * 40)
      for (i, sample) in block.samples.enumerated() where block.isPresent(i) {
        guard let row = block.pointer(i) else { continue }
        let nearest = columns.decide(row, block.result(i), COHORT_PATH_BEST, scores)
        let distances = (0..<40).map { columns.distance(row, to: $0, COHORT_PATH_PLAIN) }
        #expect(nearest.distance == distances.min(), "seed \(seed), sample \(sample)")
        found.withLock { $0[sample] = nearest.column }
      }
    }
    #expect(found.withLock { $0.count } == samples.count - 1)
  }

  @Test func aVectorThatIsNotFiniteIsNamed() throws {
    var source = MemoryRows(vectors: [[1, 0], [0, 1], [.nan, 1]])
    let block = RowBlock(dimension: 2, capacity: 3)
    let error = #expect(throws: CohortError.self) { try block.load([0, 1, 2], source, COHORT_PATH_BEST) }
    #expect(error?.code == .vectorsDamaged && error?.place == "sample 2" && error?.code.name == "clustering.vector")
    source.vectors[2] = nil
    try block.load([0, 1, 2], source, COHORT_PATH_BEST)
    #expect(block.isPresent(1) && !block.isPresent(2))
  }

  static func columns(_ count: Int, dimension: Int, _ random: inout TestRandom) throws -> ColumnSet {
    var vectors = Array(random.rows(count, dimension: dimension).joined())
    var present = [UInt8](repeating: 1, count: count)
    cohort_normalize(COHORT_PATH_PLAIN, COHORT_SUM_IN_LANES, &vectors, count, dimension, &present)
    return ColumnSet(
      dimension: dimension, slots: 0..<count, ids: (0..<count).map(UInt32.init), vectors: vectors)
  }
}
