import CohortCore
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Nearest samples of a store: exact, by groups, and what cannot be asked.
@Suite struct NearJobTests {
  private static let dimension = 32

  private static func fixture(_ count: Int, seed: UInt64) throws -> (VectorStore, [[Float]]) {
    var random = TestRandom(seed: seed)
    let vectors = VectorStore.clustered(count, around: 40, dimension: dimension, &random)
    return (try VectorStore(vectors), vectors)
  }

  private static func cosine(_ a: [Float], _ b: [Float]) -> Double {
    func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
  }

  @Test func theAnswerIsThatOfThePlainModel() throws {
    let (fixture, vectors) = try Self.fixture(1500, seed: 11)
    _ = try fixture.store.write { try $0.delete([SampleID(3), SampleID(700)], reason: "") }
    for id in [0, 5, 900] {
      let answer = try NearJob.run(fixture.store, NearRequest(.sample(SampleID(UInt64(id))), count: 12))
      let expected = vectors.indices.filter { ![3, 700, id].contains($0) }
        .sorted { Self.cosine(vectors[$0], vectors[id]) > Self.cosine(vectors[$1], vectors[id]) }.prefix(12)
      #expect(answer.isExact && answer.read == 1498 && answer.grouping == nil)
      // Half floats: the order of two that are as near as that may be the other way round.
      #expect(Set(answer.nearest.map { Int($0.id.rawValue) }).intersection(expected).count >= 11, "sample \(id)")
      for found in answer.nearest {
        let cosine = Self.cosine(vectors[id], vectors[Int(found.id.rawValue)])
        #expect(abs(1 - cosine - found.distance) < 2e-3)
      }
      let given = try NearJob.run(fixture.store, NearRequest(.vector(vectors[id]), count: 13))
      #expect(given.nearest.first.map { Int($0.id.rawValue) } == id)
    }
  }

  /// The goal of the design: at least 0.95 of what is nearest, at about a tenth of the vectors.
  @Test func groupsFindAlmostAllWithATenthOfTheVectors() throws {
    let (fixture, _) = try Self.fixture(6000, seed: 12)
    try fixture.group(groups: 60)
    var (recall, read) = (0.0, 0)
    for id in stride(from: 0, to: 6000, by: 100) {
      let answer = try NearJob.run(
        fixture.store, NearRequest(.sample(SampleID(UInt64(id))), grouping: "topics", isChecked: true))
      #expect(!answer.isExact && answer.grouping == "topics" && answer.nearest.count == 10)
      recall += try #require(answer.recall) / 60
      read += answer.read
    }
    #expect(recall >= 0.95, "recall \(recall)")
    #expect(read <= 60 * 6000 / 9, "read \(read / 60) a query")
  }

  @Test func theNumberOfWorkersDoesNotShow() throws {
    let (fixture, _) = try Self.fixture(5000, seed: 13)
    try fixture.group(groups: 20)
    for request in [
      NearRequest(.sample(SampleID(17)), count: 50),
      NearRequest(.sample(SampleID(17)), count: 50, grouping: "topics"),
    ] {
      let answers = try [1, 2, 5].map { try NearJob.run(fixture.store, request, control: JobControl(workers: $0)) }
      #expect(answers.allSatisfy { $0.nearest == answers[0].nearest && $0.read == answers[0].read })
    }
  }

  @Test func whatIsInNoGroupYetIsFound() throws {
    let (fixture, vectors) = try Self.fixture(400, seed: 14)
    try fixture.group(groups: 8)
    var builder = SampleBatchBuilder()
    builder.add(prompt: "late", response: "answer")
    let prepared = builder.prepared
    try fixture.store.write { transaction in
      _ = try transaction.ingest(prepared, source: "late", origin: "")
      let space = try transaction.reading.existingSpace("given")
      let row = VectorStore.halves(vectors[7])
      _ = try row.withUnsafeBytes { try transaction.embed([SampleID(400)], rows: $0, in: space) }
    }
    let answer = try NearJob.run(fixture.store, NearRequest(.sample(SampleID(7)), count: 1, grouping: "topics"))
    #expect(answer.nearest.map(\.id) == [SampleID(400)])
  }

  @Test func conditionsLeaveOthersOut() throws {
    let (fixture, _) = try Self.fixture(300, seed: 15)
    let answer = try NearJob.run(
      fixture.store, NearRequest(.sample(SampleID(2)), count: 20, filter: SampleFilter(task: "even")))
    #expect(answer.isExact && answer.read == 150 && answer.nearest.count == 20)
    #expect(answer.nearest.allSatisfy { $0.id.rawValue % 2 == 1 })
  }

  @Test func whatCannotBeAskedIsRefused() throws {
    let vectors: [[Float]?] = [[1, 0], [0, 1], nil, [1, 1]]
    let fixture = try VectorStore(vectors)
    _ = try fixture.store.write {
      _ = try $0.delete([SampleID(3)], reason: "")
      _ = try $0.createGrouping(name: "tasks", definition: GroupingDefinition(criterion: .task))
    }
    func refusal(_ request: NearRequest) throws -> String {
      try failure { _ = try NearJob.run(fixture.store, request) }.code.name
    }
    #expect(try refusal(NearRequest(.sample(SampleID(2)))) == "pipeline.no-vector")
    #expect(try refusal(NearRequest(.sample(SampleID(3)))) == "pipeline.no-vector")
    #expect(try refusal(NearRequest(.sample(SampleID(9)))) == "store.unknown-sample")
    #expect(try refusal(NearRequest(.text("hello"))) == "pipeline.encoder")
    #expect(try refusal(NearRequest(.vector([1, 2, 3]))) == "pipeline.dimension")
    #expect(try refusal(NearRequest(.vector([0, 0]))) == "pipeline.dimension")
    #expect(try refusal(NearRequest(.vector([.nan, 0]))) == "pipeline.dimension")
    #expect(try refusal(NearRequest(.vector([1, 0]), space: "gven")) == "store.unknown-embedding-space")
    #expect(try refusal(NearRequest(.vector([1, 0]), grouping: "tasks")) == "pipeline.not-by-embedding")
    #expect(try refusal(NearRequest(.vector([1, 0]), grouping: "none")) == "store.unknown-grouping")
  }

  @Test func aFileHoldsOneVector() throws {
    let folder = try TemporaryFolder()
    func write(_ header: String, _ values: [Float]) throws -> String {
      let bytes = NPYFile.bytes(header, NPYFile.data(values.map(\.bitPattern)))
      try Data(bytes).write(to: URL(fileURLWithPath: folder.file("v.npy")))
      return folder.file("v.npy")
    }
    for shape in ["(3,)", "(1, 3)"] {
      #expect(try NearRequest.vector(inFile: write(NPYFile.header("<f4", shape), [1, 2, 3])) == .vector([1, 2, 3]))
    }
    let several = try write(NPYFile.header("<f4", "(2, 1)"), [1, 2])
    #expect(try failure { _ = try NearRequest.vector(inFile: several) }.code.name == "pipeline.rows")
  }
}
