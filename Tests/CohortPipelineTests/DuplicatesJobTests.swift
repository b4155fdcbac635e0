import CohortCore
import CohortPipeline
import CohortStore
import CohortTesting
import Testing

/// Near-duplicates of a store: clusters, sources, and what cannot be asked.
@Suite struct DuplicatesJobTests {
  /// 900 samples of three sources; of the last, every third is nearly one of the first.
  private static func fixture(seed: UInt64) throws -> VectorStore {
    var random = TestRandom(seed: seed)
    var vectors: [[Float]?] = VectorStore.clustered(900, around: 30, dimension: 24, &random)
    for i in stride(from: 600, to: 900, by: 3) {
      let noise = random.rows(1, dimension: 24)[0]
      vectors[i] = vectors[i - 600].map { zip($0, noise).map { $0 + 0.02 * $1 } }
    }
    vectors[5] = nil
    return try VectorStore(vectors) { ["old", "middle", "new"][$0 / 300] }
  }

  private func ids(_ report: DuplicatesReport) -> [[UInt64]] { report.clusters.map { $0.ids.map(\.rawValue) } }

  @Test func groupsChangeNothingButTheWork() throws {
    let fixture = try Self.fixture(seed: 21)
    let request = DuplicatesRequest(similarity: 0.995)
    let plain = try DuplicatesJob.run(fixture.store, request)
    #expect(plain.grouping == nil && plain.samples == 899 && plain.without == 1 && plain.clusters.count >= 99)
    try fixture.group(groups: 25)
    for workers in [1, 3] {
      let report = try DuplicatesJob.run(fixture.store, request, control: JobControl(workers: workers))
      #expect(report.grouping == "topics" && report.clusters == plain.clusters && report.pairs == plain.pairs)
    }
    for cluster in plain.clusters {
      #expect(cluster.similarities.first == 1 && cluster.ids == cluster.ids.sorted())
      if cluster.ids.count == 2 { #expect(cluster.similarities[1] >= 0.995) }
    }
  }

  /// "How much of the new delivery do we have already?"
  @Test func sourcesAreCountedByPairs() throws {
    let fixture = try Self.fixture(seed: 22)
    let report = try DuplicatesJob.run(fixture.store, DuplicatesRequest(similarity: 0.99, across: ["new"]))
    let pair = try #require(report.pairs.first { $0.source == "new" && $0.other == "old" })
    // All but the one whose original has no vector.
    #expect(pair.samples >= 99 && pair.all == 300)
    #expect(report.clusters.allSatisfy { Set($0.sources).count > 1 })
    #expect(report.pairs.allSatisfy { [$0.source, $0.other].contains("new") && $0.source != $0.other })
    let none = try DuplicatesJob.run(fixture.store, DuplicatesRequest(similarity: 0.999, across: ["old", "middle"]))
    #expect(none.clusters.isEmpty && none.pairs.isEmpty)
  }

  /// A grouping that is no cut of the space keeps its groups apart.
  @Test func otherGroupingsKeepTheirGroupsApart() throws {
    let fixture = try Self.fixture(seed: 23)
    _ = try fixture.store.write {
      try $0.createGrouping(name: "tasks", definition: GroupingDefinition(criterion: .task))
    }
    try Pending.group(fixture.store)
    let all = try DuplicatesJob.run(fixture.store, DuplicatesRequest(similarity: 0.99))
    let apart = try DuplicatesJob.run(fixture.store, DuplicatesRequest(similarity: 0.99, within: "tasks"))
    let isMixed = { (cluster: [UInt64]) in Set(cluster.map { $0 % 2 }).count > 1 }
    #expect(ids(apart).allSatisfy { !isMixed($0) })
    #expect(ids(all).filter { !isMixed($0) }.allSatisfy(ids(apart).contains))
  }

  @Test func deletedOnesAreNone() throws {
    let fixture = try Self.fixture(seed: 24)
    let request = DuplicatesRequest(similarity: 0.995)
    let before = try DuplicatesJob.run(fixture.store, request)
    let gone = Set(before.clusters.flatMap { $0.ids.dropFirst() })
    _ = try fixture.store.write { try $0.delete(Array(gone), reason: "") }
    #expect(try DuplicatesJob.run(fixture.store, request).clusters.isEmpty)
    #expect(before.redundant == UInt64(gone.count))
  }

  @Test func whatCannotBeAskedIsRefused() throws {
    let fixture = try Self.fixture(seed: 25)
    func refusal(_ request: DuplicatesRequest) throws -> String {
      try failure { _ = try DuplicatesJob.run(fixture.store, request) }.code.name
    }
    for similarity in [0, -0.1, 0.49, 1.01, .nan] {
      #expect(try refusal(DuplicatesRequest(similarity: similarity)) == "pipeline.similarity")
    }
    #expect(try refusal(DuplicatesRequest(within: "nothing")) == "store.unknown-grouping")
    #expect(try refusal(DuplicatesRequest(across: ["nothing"])) == "store.unknown-source")
    #expect(try refusal(DuplicatesRequest(space: "nothing")) == "store.unknown-embedding-space")
    let stopped = JobControl(shouldStop: { true })
    #expect(
      try failure { _ = try DuplicatesJob.run(fixture.store, DuplicatesRequest(), control: stopped) }.category
        == .interrupted)
  }
}
