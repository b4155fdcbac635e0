import CohortCore
import CohortPipeline
import CohortStore
import CohortTesting
import Testing

/// A store whose samples have vectors that a test chose, in the space "given".
final class VectorStore {
  let store: Store
  private let folder: TemporaryFolder

  /// - Parameters:
  ///   - vectors: one a sample; nil for a sample that gets none.
  ///   - source: the name of each sample's source.
  init(_ vectors: [[Float]?], source: (Int) -> String = { _ in "lines" }) throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"))
    let dimension = vectors.lazy.compactMap { $0 }.first?.count ?? 1
    var batches: [(source: String, batch: SampleBatchBuilder)] = []
    for i in vectors.indices {
      if batches.last?.source != source(i) { batches.append((source(i), SampleBatchBuilder())) }
      batches[batches.count - 1].batch.add(
        prompt: "question \(i)", response: "answer", task: ["odd", "even"][i % 2])
    }
    let prepared = batches.map { ($0.source, $0.batch.prepared) }
    try store.write { transaction in
      for (source, batch) in prepared { _ = try transaction.ingest(batch, source: source, origin: "") }
      let space = try transaction.createSpace(
        name: "given", provider: "npy", fingerprint: "test", dimension: dimension)
      let ids = vectors.indices.filter { vectors[$0] != nil }.map { SampleID(UInt64($0)) }
      let rows = vectors.compactMap { $0 }.flatMap(Self.halves)
      _ = try rows.withUnsafeBytes { try transaction.embed(ids, rows: $0, in: space) }
    }
  }

  /// Adds samples with these vectors.
  func add(_ vectors: [[Float]]) throws {
    var batch = SampleBatchBuilder()
    let first = try store.read { try $0.counters.nextSample }
    for i in vectors.indices { batch.add(prompt: "question \(first + UInt64(i))", response: "answer", task: nil) }
    let prepared = batch.prepared
    let rows = vectors.flatMap(Self.halves)
    try store.write { transaction in
      _ = try transaction.ingest(prepared, source: "lines", origin: "")
      guard let space = try transaction.reading.spaces().first(where: { $0.name == "given" }) else { return }
      let ids = vectors.indices.map { SampleID(first + UInt64($0)) }
      _ = try rows.withUnsafeBytes { try transaction.embed(ids, rows: $0, in: space) }
    }
  }

  /// A direction as the store keeps it.
  static func halves(_ vector: [Float]) -> [UInt16] {
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return vector.map { Float16($0 / length).bitPattern }
  }

  /// Adds a grouping by embedding, and puts all into its groups.
  func group(_ name: String = "topics", groups: Int) throws {
    var choices = GroupingChoices()
    choices.groups = groups
    choices.space = "given"
    let spelling = try #require(GroupingSpelling("embedding"))
    _ = try GroupingJob.create(store, name: name, by: spelling, choices) { _ in nil }
    try Pending.group(store)
  }

  /// Directions around some centres, as sentences about some topics have.
  static func clustered(_ count: Int, around centres: Int, dimension: Int, _ random: inout TestRandom) -> [[Float]] {
    let means = random.rows(centres, dimension: dimension)
    return random.rows(count, dimension: dimension).map { noise in
      let mean = means[random.below(centres)]
      return zip(mean, noise).map { $0 + 0.6 * $1 }
    }
  }
}
