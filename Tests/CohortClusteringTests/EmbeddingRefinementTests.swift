import CohortClustering
import CohortCore
import CohortVectors
import Testing

extension Driver {
  /// One pass, the tail included.
  @discardableResult
  mutating func refine() throws -> RoundOutcome {
    let outcome = try state.refine(pending, assignments: store, features: store)
    pending.removeAll()
    store.commit(outcome, of: state)
    if restarting { state = try store.restored() }
    return outcome
  }
}

struct EmbeddingRefinementTests {
  @Test(arguments: [51, 52, 53] as [UInt64])
  func theErrorNeverRisesUntilNothingIsLeftToDo(seed: UInt64) throws {
    let data = IsotropicMixture(count: 1_500, dimension: 12, components: 15, sigma: 1.5, seed: seed, sorted: true)
    var driver = try Driver.embedding(.groups(20), dimension: 12)
    try driver.insertVectors(data.vectors)
    try driver.delete((0..<200).map { $0 * 7 })
    var before = Double.infinity
    var outcome = try driver.refine()
    #expect(driver.state.applied == 1_700, "the tail is applied")
    for _ in 0..<100 where !outcome.assignments.isEmpty || !outcome.touched.isEmpty {
      #expect(driver.meanSquaredDistance <= before * (1 + 1e-9), "seed \(seed)")
      #expect(outcome.events.first?.kind == .refined)
      #expect(outcome.events.dropFirst().allSatisfy { $0.kind != .refined })
      before = driver.meanSquaredDistance
      outcome = try driver.refine()
    }
    #expect(outcome.assignments.isEmpty && outcome.touched.isEmpty && outcome.closed.isEmpty, "seed \(seed)")
    #expect(outcome.events.count == 1 && outcome.events.first?.gain == 0)
    #expect(driver.misplaced() == 0)
    driver.checkSums("seed \(seed)")
    let digest = driver.state.digest
    try driver.refine()
    #expect(driver.state.digest == digest)
  }

  @Test func theGainIsWhatTheErrorFellBy() throws {
    let data = IsotropicMixture(count: 1_280, dimension: 8, components: 9, sigma: 1.4, seed: 54)
    var driver = try Driver.embedding(.groups(12), dimension: 8)
    try driver.insertVectors(data.vectors)
    try driver.refine()
    let before = driver.meanSquaredDistance
    let event = try #require(try driver.refine().events.first)
    #expect(event.count == 1_280 && event.gain > 0)
    #expect(abs((before - driver.meanSquaredDistance) * 1_280 - event.gain) < 1e-3)
  }

  @Test(arguments: KernelPath.common)
  func passesAreAFunctionOfTheStateAlone(path: KernelPath) throws {
    let data = IsotropicMixture(count: 900, dimension: 10, components: 9, sigma: 1.5, seed: 55)
    let more = IsotropicMixture(count: 900, dimension: 10, components: 9, sigma: 1.5, seed: 56)
    func run(batch: Int, restarting: Bool, _ path: KernelPath) throws -> Driver {
      var driver = try Driver.embedding(.groupSize(60), dimension: 10)
      driver.restarting = restarting
      driver.store.blockRows = UInt64(batch)
      driver.state.kernels = path
      for vectors in [data.vectors, more.vectors] {
        for start in stride(from: 0, to: vectors.count, by: batch) {
          try driver.insertVectors(Array(vectors[start..<min(start + batch, vectors.count)]))
        }
        try driver.refine()
        driver.state.kernels = path
        try driver.refine()
      }
      return driver
    }
    let whole = try run(batch: 900, restarting: false, .best)
    let pieces = try run(batch: 37, restarting: true, path)
    #expect(pieces.state.digest == whole.state.digest)
    #expect(pieces.store.groups == whole.store.groups)
    #expect(pieces.store.hasDistances(of: whole.store))
    #expect(pieces.store.events == whole.store.events)
  }

  @Test func aLimitedRangeDoesNotLimitAPass() throws {
    let data = IsotropicMixture(count: 1_500, dimension: 6, components: 30, sigma: 1.5, seed: 57, sorted: true)
    var driver = try Driver.embedding(
      .groups(40), dimension: 6, options: EmbeddingOptions(repairRange: 2), rules: GuardTests.plainRules)
    try driver.insertVectors(data.vectors)
    #expect(driver.misplaced() > 0)
    // Swaps repair everyone, too.
    try driver.refine()
    #expect(driver.misplaced() == 0)
  }

  @Test func onlyGroupingsByEmbeddingAreRefined() throws {
    var driver = try Driver(GroupingDefinition(criterion: .task))
    try driver.insertLabels(["a", "b"])
    #expect(throws: CohortError.self) { try driver.refine() }
  }

  @Test func aRoundIsNotATail() throws {
    var driver = try Driver.embedding(.groups(4), dimension: 2)
    let row = driver.store.addRow(vector: [1, 2])
    driver.pending = [ChangeRecord(.inserted, row, .vector)]
    #expect(throws: CohortError.self) { try driver.refine() }
  }
}
