import CohortClustering
import CohortCore
import CohortTesting
import CohortVectors
import Testing

struct CentroidTreeTests {
  private static func driver(_ workers: Int, _ path: KernelPath) throws -> Driver {
    var options = EmbeddingOptions()
    options.mostSearched = 60
    var driver = try Driver.embedding(.groups(260), dimension: 24, options: options)
    driver.state.workers = workers
    driver.state.kernels = path
    return driver
  }

  @Test func almostAllAreOnTheirNearestCentroidAndTheAuditCountsTheOthers() throws {
    let data = IsotropicMixture(count: 6_000, dimension: 24, components: 150, seed: 71)
    var driver = try Self.driver(1, .best)
    try driver.insertVectors(data.vectors)
    #expect(driver.state.groupCount == 260)
    let audit = try driver.state.audit(assignments: driver.store, features: driver.store)
    #expect(audit.misplaced == UInt64(driver.misplaced()), "seed 71")
    #expect(audit.accuracy > 0.99, "seed 71: \(audit.misplaced) of \(audit.checked)")
    #expect(audit.strays == 0 && audit.wrongCounts.isEmpty && audit.wrongDistances == 0)
    driver.checkSums("seed 71")
    var full = try Driver.embedding(.groups(260), dimension: 24)
    try full.insertVectors(data.vectors)
    #expect(driver.meanSquaredDistance < 1.01 * full.meanSquaredDistance, "seed 71")
  }

  @Test(arguments: [1, 3], KernelPath.common)
  func theStateDoesNotDependOnWorkersOrProcessor(workers: Int, path: KernelPath) throws {
    let seed: UInt64 = 72
    var random = TestRandom(seed: seed)
    let data = IsotropicMixture(count: 3_000, dimension: 24, components: 100, seed: seed, sorted: true)
    var expected = try Self.driver(1, .best)
    var driver = try Self.driver(workers, path)
    var records: [ChangeRecord] = []
    for vector in data.vectors {
      // Coordinates of few values: many near-ties, among pivots as well.
      let row = random.below(2) == 0 ? vector.map { ($0 * 4).rounded() } : vector
      _ = driver.store.addRow(vector: row)
      records.append(ChangeRecord(.inserted, expected.store.addRow(vector: row), .vector))
      if random.below(8) == 0 {
        records.append(ChangeRecord(.deleted, SampleID(UInt64(random.below(records.count / 2 + 1))), .vector))
      }
    }
    try expected.receive(records)
    for start in stride(from: 0, to: records.count, by: 701) {
      try driver.receive(Array(records[start..<min(start + 701, records.count)]))
    }
    let place: Comment = "seed \(seed), \(workers) workers, \(path)"
    #expect(driver.state.digest == expected.state.digest, place)
    #expect(driver.store.groups.elementsEqual(expected.store.groups), place)
    driver.checkSums(place)
  }
}
