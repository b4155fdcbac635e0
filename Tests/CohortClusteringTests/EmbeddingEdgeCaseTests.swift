import CohortClustering
import CohortCore
import CohortTesting
import Testing

struct EmbeddingEdgeCaseTests {
  @Test func oneSampleMakesOneGroup() throws {
    var driver = try Driver.embedding(.groups(8), dimension: 2)
    try driver.insertVectors([[3, 4]])
    #expect(driver.state.groups == [GroupID(0)])
    #expect(driver.store.groups == [0])
    #expect(driver.misplaced() == 0)
  }

  @Test func allVectorsEqualMakeOneGroup() throws {
    var driver = try Driver.embedding(.groups(8), dimension: 5)
    try driver.insertVectors(Array(repeating: [0.1, 0.2, 0.3, 0.4, 0.5], count: 300))
    #expect(driver.state.groupCount == 1)
    #expect(driver.store.groups.allSatisfy { $0 == 0 })
    driver.checkSums()
  }

  @Test func fewerDistinctVectorsThanGroupsAreGrouped() throws {
    var driver = try Driver.embedding(.groups(12), dimension: 3)
    let distinct: [[Float]] = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]
    try driver.insertVectors((0..<400).map { distinct[$0 * 7 % 4] })
    #expect(driver.state.groupCount == 4)
    #expect(driver.misplaced() == 0)
    #expect(driver.meanSquaredDistance < 1e-9)
    driver.checkSums()
  }

  @Test func samplesWithoutAVectorHaveNoGroup() throws {
    var driver = try Driver.embedding(.groups(3), dimension: 2)
    try driver.insertVectors([nil, [0, 0], [1, 2], nil, [-1, 2], [0, -0.0]])
    #expect(driver.store.groups[0] == .max && driver.store.groups[1] == .max && driver.store.groups[3] == .max)
    #expect(driver.store.groups[2] != .max && driver.store.groups[4] != .max)
    #expect(driver.state.groups.compactMap { driver.state.record(of: $0)?.count }.reduce(0, +) == 2)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func aVectorThatIsNotFiniteIsRefusedAndChangesNothing(value: Float) throws {
    var driver = try Driver.embedding(.groups(3), dimension: 2)
    try driver.insertVectors([[1, 2], [2, 1]])
    let before = driver.state.digest
    let row = driver.store.addRow(vector: [1, value])
    #expect(throws: CohortError.self) { try driver.receive([ChangeRecord(.inserted, row, .vector)]) }
    #expect(driver.state.digest == before)
  }

  @Test func vectorsAreNormalised() throws {
    let data = IsotropicMixture(count: 300, dimension: 6, components: 4, seed: 31)
    var plain = try Driver.embedding(.groups(5), dimension: 6)
    try plain.insertVectors(data.vectors)
    var scaled = try Driver.embedding(.groups(5), dimension: 6)
    try scaled.insertVectors(data.vectors.enumerated().map { i, v in v.map { $0 * (i % 2 == 0 ? 1_024 : 0.0625) } })
    #expect(scaled.state.digest == plain.state.digest)
    var extreme = try Driver.embedding(.groups(5), dimension: 2)
    try extreme.insertVectors([[1e-30, 1e-30], [3e38, 1e38], [.leastNonzeroMagnitude * 4, 0]])
    #expect(extreme.store.groups.allSatisfy { $0 == 0 })
    #expect(extreme.misplaced() == 0)
  }

  @Test func oneGroupHoldsAll() throws {
    let data = IsotropicMixture(count: 300, dimension: 6, components: 4, seed: 32)
    var driver = try Driver.embedding(.groups(1), dimension: 6)
    try driver.insertVectors(data.vectors)
    #expect(driver.state.groups == [GroupID(0)])
    driver.checkSums()
  }

  @Test func oneDimensionIsEnough() throws {
    var random = TestRandom(seed: 33)
    var driver = try Driver.embedding(.groups(4), dimension: 1)
    try driver.insertVectors((0..<200).map { _ in [Float(random.below(2) * 4 - 2)] })
    #expect(driver.state.groupCount == 2)
    #expect(driver.misplaced() == 0)
  }

  @Test func manyDimensionsAreGrouped() throws {
    let data = IsotropicMixture(count: 40, dimension: 4_096, components: 3, seed: 34)
    var driver = try Driver.embedding(.groups(3), dimension: 4_096)
    try driver.insertVectors(data.vectors)
    #expect(driver.state.groupCount == 3)
    #expect(driver.misplaced() == 0)
    driver.checkSums()
  }

  @Test func theNumberOfGroupsFollowsTheSizeOfTheStore() throws {
    let data = IsotropicMixture(count: 1_100, dimension: 6, components: 12, seed: 35)
    for (granularity, expected) in [
      (GroupingDefinition.Granularity.groups(7), 7...7), (.groupSize(100), 8...11), (.automatic, 13...16),
    ] {
      var driver = try Driver.embedding(granularity, dimension: 6)
      try driver.insertVectors(data.vectors)
      #expect(expected.contains(driver.state.groupCount), "\(granularity): \(driver.state.groupCount)")
    }
  }

  @Test func impossibleDefinitionsAreRefused() {
    #expect(throws: CohortError.self) { try Driver.embedding(.groups(0), dimension: 4) }
    #expect(throws: CohortError.self) { try Driver.embedding(.groupSize(0), dimension: 4) }
    #expect(throws: CohortError.self) { try Driver.embedding(.groups(4), dimension: 0) }
  }

  @Test func aSampleIsNotInsertedTwice() throws {
    var driver = try Driver.embedding(.groups(3), dimension: 2)
    try driver.insertVectors([[1, 2], [2, 1]])
    #expect(throws: CohortError.self) { try driver.receive([ChangeRecord(.inserted, SampleID(0), .vector)]) }
  }

  @Test func aMemberWithoutItsVectorIsAnError() throws {
    let data = IsotropicMixture(count: 64, dimension: 4, components: 4, seed: 36)
    var driver = try Driver.embedding(.groups(4), dimension: 4)
    try driver.insertVectors(data.vectors)
    driver.store.vectors[3] = nil
    #expect(throws: CohortError.self) { try driver.delete(Array(0..<40)) }
  }

  @Test func aRoundOfTheWrongLengthIsRefused() throws {
    var driver = try Driver.embedding(.groups(4), dimension: 2, rules: GuardTests.plainRules)
    let records = (0..<9).map { ChangeRecord(.inserted, driver.store.addRow(vector: [1, Float($0)]), .vector) }
    var state = driver.state
    #expect(state.roundLength(pending: 9) == 1)
    #expect(throws: CohortError.self) {
      try state.applyRound(records, assignments: driver.store, features: driver.store)
    }
    #expect(state.roundLength(pending: 0) == 0)
  }
}
