import CohortSelection
import CohortTesting
import CohortVectors
import Testing

struct MergingTests {
  @Test func manyClustersBecomeAboutAsManyAsTheRootOfTheRows() throws {
    let seed: UInt64 = 351
    let data = SelectionData(900, clusters: 300, seed: seed)
    let one = try data.withEngine { try $0.merged(data.pool) }
    let four = try data.withEngine(workers: 4, path: .plain) { try $0.merged(data.pool) }
    #expect(one.clusters == four.clusters && one.centroids == four.centroids, "seed \(seed)")
    #expect(one.clusterCount <= 30 && one.clusterCount > 15, "seed \(seed): \(one.clusterCount)")
    #expect(Set(one.clusters).count == one.clusterCount)
    // Rows of one cluster stay together.
    let pairs = Set(zip(data.pool.clusters, one.clusters).map { [$0, $1] })
    #expect(pairs.count == Set(data.pool.clusters).count)
  }

  @Test func fewClustersStayAsTheyAre() throws {
    let data = SelectionData(400, clusters: 40, seed: 352)
    let merged = try data.withEngine { try $0.merged(data.pool) }
    #expect(merged.clusters == data.pool.clusters && merged.clusterCount == 40)
  }
}
