import CohortKernels
import CohortTesting
import Testing

struct HalfScoreTests {
  @Test(arguments: KernelTests.commonPaths)
  func scoresOfHalvesStayWithinTheirError(path: UInt32) {
    var random = TestRandom(seed: 63)
    for (rows, columns, dimension) in [
      (1, 1, 1), (13, 2, 7), (30, 6, 16), (25, 7, 33), (12, 40, 100), (40, 17, 384), (31, 24, 48),
    ] {
      let halves = (0..<(rows * dimension)).map { _ in Float16(Float(random.unit() - 0.5)) }
      var centers = (0..<(columns * dimension)).map { _ in Float(random.unit() - 0.5) }
      var present = [UInt8](repeating: 1, count: columns)
      cohort_normalize(COHORT_PATH_PLAIN, COHORT_SUM_IN_LANES, &centers, columns, dimension, &present)
      var packed = [Float](repeating: 0, count: cohort_packed_size(columns, dimension))
      cohort_pack_clear(&packed, columns, dimension)
      for c in 0..<columns {
        cohort_pack_column(&packed, dimension, c, Array(centers[(c * dimension)..<((c + 1) * dimension)]))
      }
      var scratch = [Float](repeating: 0, count: cohort_half_scratch(dimension))
      var least = [Float](repeating: 0, count: rows)
      var leastOfFew = least
      let counts = (0..<rows).map { UInt8(1 + $0 % min(columns, Int(COHORT_FEW))) }
      let choices = (0..<(rows * Int(COHORT_FEW))).map { _ in UInt32(random.below(columns)) }
      halves.withUnsafeBytes { bytes in
        let base = bytes.bindMemory(to: UInt16.self).baseAddress
        let pointers = (0..<rows).map { row in base.map { $0 + row * dimension } }
        cohort_least_scores_of_halves(
          cohort_path(path), pointers, rows, dimension, packed, columns, &scratch, &least)
        cohort_least_scores_of_few(
          cohort_path(path), pointers, rows, dimension, centers, packed, choices, counts, &leastOfFew)
      }
      for row in 0..<rows {
        var values = (0..<dimension).map { Float(halves[row * dimension + $0]) }
        var flag: [UInt8] = [1]
        cohort_normalize(COHORT_PATH_PLAIN, COHORT_SUM_IN_LANES, &values, 1, dimension, &flag)
        let scores = (0..<columns).map { c in
          (0..<dimension).reduce(0.5) { $0 - Double(values[$1]) * Double(centers[c * dimension + $1]) }
        }
        let few = (0..<Int(counts[row])).map { scores[Int(choices[row * Int(COHORT_FEW) + $0])] }
        for (found, truth) in [(least[row], scores.min()), (leastOfFew[row], few.min())] {
          #expect(
            abs(Double(found) - (truth ?? .infinity)) <= 2 * cohort_score_error(dimension, 1, 1) + 1e-6,
            "seed 63, path \(path), \(rows) x \(columns) x \(dimension), row \(row)")
        }
      }
    }
  }
}
