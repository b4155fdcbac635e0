internal import CohortSystem
internal import CohortCore
public import CohortEmbedding
public import CohortStore
internal import CohortVectors

/// What embedding did.
public struct EmbedReport: Hashable, Sendable {
  /// Name of the space that the vectors are in.
  public var space: String
  /// Samples that got a vector.
  public var embedded: UInt64 = 0
  /// Samples without anything to embed: no text, or no token that the model knows.
  public var without: UInt64 = 0
  /// Samples whose text the encoder refuses; `refusedSamples(in:)` tells why.
  public var refused: UInt64 = 0
}

/// Gives vectors to the samples of a space that have none yet, in the order of their ids.
///
/// Encoding and writing overlap. Results are committed in slices, each one log entry, in the order of the ids whatever the
/// timing: a job that is killed goes on behind its last slice, and no sample is embedded twice. Where another job embeds the
/// same space meanwhile, the first vector of a sample stays, and each job reports its own.
public enum EmbedJob {
  /// Embeds what is pending of the space. Samples that are ingested meanwhile are left to the next run: what follows
  /// embedding must have its turn however fast they come.
  /// - Parameter retryingRefused: whether samples that the encoder refused before are tried again.
  /// - Throws: `store.unknown-embedding-space`, also when it is dropped meanwhile; `pipeline.other-model`; what the encoder
  ///   throws, `pipeline.encoder`, `pipeline.content` at a sample that is damaged, and `pipeline.interrupted`, after what came
  ///   before is committed.
  public static func run(
    _ store: Store, space name: String, encoder: any TextEncoder, retryingRefused: Bool = false,
    control: JobControl = JobControl()
  ) throws -> EmbedReport {
    let (space, counts, end) = try store.read { transaction in
      let space = try transaction.existingSpace(name)
      return (space, try transaction.vectorCounts(in: space), try transaction.counters.nextSample)
    }
    try check(encoder.identity, makes: space)
    var slice = EmbedSlice(
      store: store, space: space, total: counts.pending + (retryingRefused ? counts.refused : 0), control: control)
    let batching = encoder.batching
    let threads = max(batching.concurrency, 1)
    // A function of the encoder alone: a few rounds of calls.
    let sliceSamples = min(max(batching.texts * threads * 4, 256), 8192)
    let encoding = BatchEncoding(store: store, space: space, encoder: encoder)
    var next: UInt64 = 0
    let queue = try OrderedQueue(
      threads: threads, limit: 2 * threads + 2,
      fetch: {
        let ids = try store.read { transaction in
          guard let space = try transaction.space(space.id) else {
            throw CohortError.unknown("embedding-space", space.name, known: try transaction.spaces().map(\.name))
          }
          return try transaction.samplesToEmbed(
            in: space, from: next, includingRefused: retryingRefused, limit: max(batching.texts, 1)
          ).filter { $0.rawValue < end }
        }
        guard let last = ids.last else { return [SampleID]?.none }
        next = last.rawValue + 1
        return ids
      }, work: { try encoding.encode($0) })
    try slice.commitAll(of: queue, every: sliceSamples, control)
    return slice.report
  }

  private static func check(_ identity: EncoderIdentity, makes space: EmbeddingSpace) throws {
    guard identity.provider == space.provider, identity.fingerprint == space.fingerprint,
      identity.dimension == space.dimension
    else {
      throw CohortError(
        .pipelineOtherModel, "The encoder does not make the vectors of space \"\(space.name)\"", place: identity.model,
        cause:
          "it is \(identity.provider) \(identity.fingerprint) with \(identity.dimension) dimensions, and the space "
          + "was made by \(space.provider) \(space.fingerprint) with \(space.dimension)",
        hint: "Vectors of two models never mix: make another space for it")
    }
  }
}

private struct EmbedSlice: CommitSlice {
  let store: Store
  let space: EmbeddingSpace
  let total: UInt64
  let control: JobControl
  var report: EmbedReport
  private var batches: [EncodedBatch] = []
  private(set) var count = 0

  init(store: Store, space: EmbeddingSpace, total: UInt64, control: JobControl) {
    (self.store, self.space, self.total, self.control) = (store, space, total, control)
    report = EmbedReport(space: space.name)
  }

  mutating func append(_ batch: EncodedBatch) {
    batches.append(batch)
    count += batch.rows.ids.count + batch.without.count + batch.refused.count
  }

  mutating func commit() throws {
    guard count > 0 else { return }
    let batches = batches
    let outcome = try store.write { transaction in
      try batches.flatMap(\.rows.bytes).withUnsafeBytes {
        try transaction.embed(
          batches.flatMap(\.rows.ids), rows: $0, without: batches.flatMap(\.without),
          refused: batches.flatMap(\.refused), in: space)
      }
    }
    report.embedded += UInt64(outcome.stored)
    report.without += UInt64(outcome.without)
    report.refused += UInt64(outcome.refused)
    self.batches = []
    count = 0
    control.report(
      JobProgress(
        stage: "embed \(space.name)", done: report.embedded + report.without + report.refused, total: total,
        unit: "samples"))
  }
}
