import CohortCore
import CohortKernels
import Testing

@testable import CohortClustering

struct CentroidProductsTests {
  private static func unit(_ dimension: Int, _ random: inout TestRandom) -> [Float] {
    let values = (0..<dimension).map { _ in random.normal() }
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return values.map { Float($0 / length) }
  }

  @Test func keptProductsFollowTheCentroids() throws {
    let seed: UInt64 = 93
    var random = TestRandom(seed: seed)
    let dimension = 20
    var groups = (0..<30).map { GroupID(UInt32($0)) }
    var centroids = (0..<30).flatMap { _ in Self.unit(dimension, &random).map { $0 * 0.7 } }
    var (kept, next) = (CentroidProducts(), UInt32(30))
    let scores = ScoreBuffer()
    for step in 0..<40 {
      let everyone = ColumnSet(
        dimension: dimension, slots: groups.indices, ids: groups.map(\.rawValue), centroids: centroids)
      let computed = kept.renew(groups, centroids, everyone, COHORT_PATH_BEST, scores)
      if step > 0 { #expect(computed < 12 * groups.count, "most of the centroids have not changed") }
      #expect(kept.renew(groups, centroids, everyone, COHORT_PATH_BEST, scores) == 0)
      for a in groups.indices {
        for b in groups.indices {
          let truth = (0..<dimension).reduce(0.0) {
            $0 + Double(centroids[a * dimension + $1]) * Double(centroids[b * dimension + $1])
          }
          let found = Double(kept.values[a * groups.count + b])
          #expect(abs(found - truth) <= kept.error, "seed \(seed), step \(step), \(a) and \(b)")
        }
      }
      for _ in 0..<random.below(4) where groups.count > 2 {
        let gone = random.below(groups.count)
        groups.remove(at: gone)
        centroids.removeSubrange((gone * dimension)..<((gone + 1) * dimension))
      }
      for _ in 0..<random.below(4) {
        groups.append(GroupID(next))
        next += 1
        centroids += Self.unit(dimension, &random)
      }
      for _ in 0..<random.below(4) {
        let start = random.below(groups.count) * dimension
        centroids.replaceSubrange(start..<(start + dimension), with: Self.unit(dimension, &random))
      }
    }
  }
}
