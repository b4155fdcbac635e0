import CohortClustering
import CohortTesting
import Testing

/// How alike two divisions are, against values of scikit-learn and against what must hold for any.
@Suite struct ContingencyTests {
  private static func table(_ first: [UInt32], _ second: [UInt32]) -> Contingency {
    var counts: [Contingency.Pair: UInt64] = [:]
    for (a, b) in zip(first, second) { counts[Contingency.Pair(a, b), default: 0] += 1 }
    return Contingency(counts)
  }

  private func expect(_ value: Double, _ expected: Double, _ what: String) {
    #expect(abs(value - expected) < 1e-9, "\(what): \(value) instead of \(expected)")
  }

  /// `sklearn.metrics` 1.7: adjusted_rand_score, homogeneity_completeness_v_measure, normalized_mutual_info_score.
  @Test func measuresAreThoseOfScikitLearn() {
    let table = Self.table([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2])
    expect(table.adjustedRandIndex, 0.24242424242424243, "adjusted Rand")
    expect(table.homogeneity, 0.6666666666666669, "homogeneity")
    expect(table.completeness, 0.420619835714305, "completeness")
    expect(table.vMeasure, 0.5158037429793889, "V-measure")
    expect(table.normalizedMutualInformation, 0.5158037429793889, "mutual information")
    expect(table.purity, 5.0 / 6, "purity")
    expect(table.inversePurity, 4.0 / 6, "inverse purity")
    let crossed = Self.table([0, 0, 1, 1], [0, 1, 0, 1])
    expect(crossed.adjustedRandIndex, -0.5, "adjusted Rand of crossed ones")
    expect(crossed.normalizedMutualInformation, 0, "mutual information of crossed ones")
  }

  @Test(arguments: 0..<20) func equalDivisionsAreOneWhateverTheirNumbers(seed: Int) {
    var random = TestRandom(seed: UInt64(seed))
    let first = (0..<200).map { _ in UInt32(random.below(1 + seed)) }
    let names = (0..<(1 + seed)).map { UInt32($0) }.shuffled(using: &random)
    let same = Self.table(first, first.map { names[Int($0)] })
    for value in [
      same.adjustedRandIndex, same.homogeneity, same.completeness, same.vMeasure, same.normalizedMutualInformation,
      same.purity, same.inversePurity,
    ] {
      expect(value, 1, "seed \(seed)")
    }
    #expect(same.moves(isSame: false).isEmpty)
    let second = (0..<200).map { _ in UInt32(random.below(5)) }
    let (table, turned) = (Self.table(first, second), Self.table(second, first))
    expect(table.adjustedRandIndex, turned.adjustedRandIndex, "seed \(seed)")
    expect(table.normalizedMutualInformation, turned.normalizedMutualInformation, "seed \(seed)")
    expect(table.vMeasure, table.normalizedMutualInformation, "seed \(seed)")
    expect(table.homogeneity, turned.completeness, "seed \(seed)")
    expect(table.purity, turned.inversePurity, "seed \(seed)")
    #expect(abs(table.adjustedRandIndex) < 0.2, "independent ones, seed \(seed)")
    let moved = table.moves(isSame: false).reduce(0) { $0 + $1.size }
    expect(Double(table.samples - moved) / Double(table.samples), table.inversePurity, "seed \(seed)")
  }

  @Test func movesAreSortedAndThoseWhoStayAreNone() {
    let table = Self.table([1, 1, 1, 2, 2, 3, 3, 3, 3], [1, 1, 2, 3, 3, 1, 3, 3, 2])
    #expect(
      table.moves(isSame: true).map { [UInt64($0.pair.first), UInt64($0.pair.second), $0.size] }
        == [[2, 3, 2], [1, 2, 1], [3, 1, 1], [3, 2, 1]])
    #expect(table.moves(isSame: false).map(\.pair.first) == [1, 3, 3])
    #expect(table.matches == [1: 1, 2: 3, 3: 3])
  }

  @Test func nothingIsLikeNothing() {
    let empty = Contingency([:])
    #expect(empty.samples == 0 && empty.cells.isEmpty && empty.adjustedRandIndex == 1 && empty.purity == 1)
    #expect(empty.normalizedMutualInformation == 1)
  }
}
