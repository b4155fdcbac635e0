import CohortClustering
import CohortCore
import CohortTesting
import CohortVectors
import Testing

struct WorkerTests {
  /// Inserts and deletions over data where many samples lie exactly or almost between centroids; values are half floats.
  private static func records(seed: UInt64, count: Int, dimension: Int) -> [(vector: [Float], gone: Int?)] {
    var random = TestRandom(seed: seed)
    let data = IsotropicMixture(count: count, dimension: dimension, components: 30, seed: seed, sorted: true)
    return data.vectors.enumerated().map { i, vector in
      let row = random.below(3) == 0 ? vector.map { ($0 * 4).rounded() } : vector.map { Float(Float16($0)) }
      return (row, i > 64 && random.below(6) == 0 ? random.below(i) : nil)
    }
  }

  @Test(arguments: [1, 2, 3, 7], KernelPath.common)
  func theStateDoesNotDependOnTheNumberOfWorkers(workers: Int, path: KernelPath) throws {
    let seed: UInt64 = 61
    let records = Self.records(seed: seed, count: 4_000, dimension: 48)
    var expected = try Driver.embedding(.groupSize(70), dimension: 48)
    var driver = expected
    driver.state.workers = workers
    driver.state.kernels = path
    driver.store.holdsHalves = workers != 2
    driver.store.blockRows = 1_000
    let batch = [1: 4_000, 2: 333, 3: 1_999, 7: 50][workers] ?? 1
    for some in stride(from: 0, to: records.count, by: batch) {
      var changes: [ChangeRecord] = []
      for (vector, gone) in records[some..<min(some + batch, records.count)] {
        changes.append(ChangeRecord(.inserted, driver.store.addRow(vector: vector), .vector))
        if let gone { changes.append(ChangeRecord(.deleted, SampleID(UInt64(gone)), .vector)) }
      }
      try driver.receive(changes)
    }
    var all: [ChangeRecord] = []
    for (vector, gone) in records {
      all.append(ChangeRecord(.inserted, expected.store.addRow(vector: vector), .vector))
      if let gone { all.append(ChangeRecord(.deleted, SampleID(UInt64(gone)), .vector)) }
    }
    try expected.receive(all)
    let place: Comment = "seed \(seed), \(workers) workers, \(path)"
    #expect(driver.state.digest == expected.state.digest, place)
    #expect(driver.store.groups.elementsEqual(expected.store.groups), place)
    #expect(driver.store.hasDistances(of: expected.store), place)
    #expect(driver.store.events.elementsEqual(expected.store.events), place)
    #expect(driver.misplaced() == 0, place)
    driver.checkSums(place)
    let audit = try driver.state.audit(assignments: driver.store, features: driver.store)
    #expect(audit.accuracy == 1 && audit.wrongDistances == 0, place)
  }

  @Test(arguments: [1, 4])
  func theFirstBadVectorIsNamedAndTheStateStays(workers: Int) throws {
    let data = IsotropicMixture(count: 6_000, dimension: 64, components: 20, seed: 62)
    var driver = try Driver.embedding(.groups(40), dimension: 64, rules: GuardTests.plainRules)
    driver.state.workers = workers
    try driver.insertVectors(Array(data.vectors[..<5_000]))
    var vectors = Array(data.vectors[5_000...])
    vectors[20][9] = .nan
    vectors[90][3] = .infinity
    var bad = driver
    let error = try #require(throws: CohortError.self) { try bad.insertVectors(vectors) }
    #expect(error.place == "sample 5020")
    #expect(bad.state.digest == driver.state.digest)
    try driver.insertVectors(Array(data.vectors[5_000...]))
    #expect(driver.misplaced() == 0)
  }
}
