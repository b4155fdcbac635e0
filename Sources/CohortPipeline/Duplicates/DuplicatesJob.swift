public import CohortCore
internal import CohortKernels
public import CohortStore
internal import CohortVectors

/// What near-duplicates are looked for.
public struct DuplicatesRequest: Sendable {
  /// The least cosine similarity of two near-duplicates: 0.5 to 1. Below, nearly every pair has to be compared, and nothing that
  /// comes out is a duplicate.
  public var similarity: Double
  /// The embedding space; nil for the store's default.
  public var space: String?
  /// A grouping by embedding, whose groups tell where to look; or another one: then only samples of one group are compared.
  /// Nil to leave the choice to `DuplicatesJob`.
  public var within: String?
  /// Only clusters that reach across sources: with one name, from that source to any other; with several, from one of them
  /// to another.
  public var across: [String]

  public init(similarity: Double = 0.95, space: String? = nil, within: String? = nil, across: [String] = []) {
    self.similarity = similarity
    self.space = space
    self.within = within
    self.across = across
  }
}

/// Near-duplicates of a store.
public struct DuplicatesReport: Sendable {
  /// Samples of which each is a near-duplicate of another one, directly or over others.
  public struct Cluster: Hashable, Sendable {
    /// Ascending; the first one represents the others.
    public var ids: [SampleID]
    /// The cosine similarity of each to the representative; below the bound for those that are joined over others.
    public var similarities: [Double]
    /// The source of each.
    public var sources: [SourceID]
  }

  /// How many samples of a source have near-duplicates in another one, or in itself.
  public struct SourcePair: Hashable, Sendable {
    public var source: String
    public var other: String
    /// Samples of `source` that share a cluster with one of `other`; within one source, those but the first of each cluster.
    public var samples: UInt64
    /// All samples of `source`.
    public var all: UInt64
  }

  /// In the order of their representatives.
  public var clusters: [Cluster]
  /// By the names of the sources.
  public var pairs: [SourcePair]
  /// The name of the embedding space.
  public var space: String
  /// The grouping that was asked, or chosen; nil where samples themselves served as centres.
  public var grouping: String?
  /// Samples with a vector that were looked at, and those that have none.
  public var samples: UInt64
  public var without: UInt64
  /// Pairs of vectors whose product was taken.
  public var compared: UInt64

  /// Samples that could go: all of each cluster but the representative.
  public var redundant: UInt64 { clusters.reduce(0) { $0 + UInt64($1.ids.count - 1) } }
}

/// Finds near-duplicates by the cosine of vectors, inside of groups and across the borders of neighbours. What is found is
/// what comparing all pairs would find, for any grouping by embedding and without one.
public enum DuplicatesJob {
  /// More centroids are not compared with each other: then samples serve as centres.
  private static let mostCentroids = 4096

  /// Looks at all samples that have a vector, as the store is now.
  /// - Throws: `pipeline.similarity`; `store.unknown-embedding-space`, `store.unknown-grouping`, `store.unknown-source`;
  ///   `pipeline.interrupted`.
  /// - Complexity: samples x centroids products, and those inside of groups and near their borders.
  public static func run(
    _ store: Store, _ request: DuplicatesRequest, control: JobControl = JobControl()
  ) throws -> DuplicatesReport {
    guard request.similarity >= 0.5, request.similarity <= 1 else {
      throw CohortError(
        .pipelineSimilarity, "The least cosine similarity of near-duplicates is from 0.5 to 1",
        cause: "\(request.similarity) is not")
    }
    let (space, scope) = try store.read { transaction in
      let space = try transaction.spaceOrDefault(request.space)
      return (space, try Scope(request, space, transaction))
    }
    let workers = Workers(count: control.workers)
    defer { workers.end() }
    var search = NearDuplicates(
      dimension: space.dimension, cosine: request.similarity, workers, KernelPath.best.code)
    let source = StoreFeatures(store: store, space: space)
    var found: [[UInt64]] = []
    let total = scope.parts.reduce(0) { $0 + $1.count }
    var done = 0
    for part in scope.parts {
      found += try search.clusters(among: part, of: source, around: scope.centroids) { share in
        let samples = UInt64(Double(done) + share * Double(part.count))
        control.report(JobProgress(stage: "duplicates", done: samples, total: UInt64(total), unit: "samples"))
        try control.checkpoint()
      }
      done += part.count
    }
    found.sort { $0[0] < $1[0] }
    var clusters: [DuplicatesReport.Cluster] = []
    for ids in found {
      let sources = try store.read { transaction in
        try ids.map { SourceID(try transaction.uint32(Column.source, SampleID($0))) }
      }
      guard scope.wants(sources) else { continue }
      clusters.append(
        DuplicatesReport.Cluster(
          ids: ids.map { SampleID($0) }, similarities: try search.cosines(of: ids, in: source), sources: sources))
      try control.checkpoint()
    }
    return DuplicatesReport(
      clusters: clusters, pairs: try store.read { try pairs(of: clusters, scope, $0) }, space: space.name,
      grouping: scope.grouping, samples: UInt64(total - search.without), without: UInt64(search.without),
      compared: search.compared)
  }

  /// Which samples are compared with which, and around what.
  private struct Scope {
    var parts: [[UInt64]] = []
    var centroids: [[Float]] = []
    var grouping: String?
    /// Samples of each source.
    var sizes: [SourceID: UInt64] = [:]
    private var across: Set<SourceID> = []

    init(_ request: DuplicatesRequest, _ space: EmbeddingSpace, _ transaction: borrowing ReadTransaction) throws {
      across = Set(try request.across.map { try transaction.existingSource($0).id })
      var grouping = try request.within.map { try transaction.existingGrouping($0) }
      if grouping == nil {
        grouping = try transaction.groupings().filter { $0.definition.isByEmbedding(in: space) }.max {
          ($0.rows, $1.id.rawValue) < ($1.rows, $0.id.rawValue)
        }
      }
      self.grouping = grouping?.name
      let isByEmbedding = grouping?.definition.isByEmbedding(in: space) ?? true
      if let grouping, isByEmbedding {
        let groups = try transaction.groups(of: grouping.id).filter { $0.isOpen && $0.size > 0 }
        if groups.count <= mostCentroids {
          centroids = groups.compactMap { if case .centroid(let values) = $0.geometry { values } else { nil } }
        }
      }
      let column = isByEmbedding ? nil : grouping?.groupColumn
      var parts: [UInt32: [UInt64]] = [:]
      var sizes: [UInt32: UInt64] = [:]
      try transaction.forEachBlock(of: [Column.source] + (column.map { [$0] } ?? [])) { block in
        for row in 0..<block.count where !block.isDeleted(row) {
          sizes[block.uint32(0, row), default: 0] += 1
          parts[column == nil ? 0 : block.uint32(1, row), default: []].append(block.first + UInt64(row))
        }
        return true
      }
      self.parts = parts.sorted { $0.key < $1.key }.map(\.value)
      self.sizes = Dictionary(uniqueKeysWithValues: sizes.map { (SourceID($0.key), $0.value) })
    }

    /// Whether a cluster reaches across the sources that were named.
    func wants(_ sources: [SourceID]) -> Bool {
      guard !across.isEmpty else { return true }
      let all = Set(sources)
      let named = all.intersection(across)
      return across.count == 1 ? !named.isEmpty && all.count > 1 : named.count > 1
    }

    /// Whether it is asked what two sources have in common.
    func wants(_ source: SourceID, _ other: SourceID) -> Bool {
      switch across.count {
      case 0: true
      case 1: source != other && (across.contains(source) || across.contains(other))
      default: source != other && across.contains(source) && across.contains(other)
      }
    }
  }

  private static func pairs(
    of clusters: [DuplicatesReport.Cluster], _ scope: Scope, _ transaction: borrowing ReadTransaction
  ) throws -> [DuplicatesReport.SourcePair] {
    struct Pair: Hashable { let source, other: SourceID }
    var counts: [Pair: UInt64] = [:]
    for cluster in clusters {
      var members: [SourceID: UInt64] = [:]
      for source in cluster.sources { members[source, default: 0] += 1 }
      for (source, count) in members {
        for other in members.keys where other != source && scope.wants(source, other) {
          counts[Pair(source: source, other: other), default: 0] += count
        }
        if count > 1, scope.wants(source, source) {
          counts[Pair(source: source, other: source), default: 0] += count - 1
        }
      }
    }
    let pairs = try counts.map { pair, count in
      DuplicatesReport.SourcePair(
        source: try transaction.source(pair.source)?.name ?? "", other: try transaction.source(pair.other)?.name ?? "",
        samples: count, all: scope.sizes[pair.source] ?? 0)
    }
    return pairs.sorted { ($0.source, $0.other) < ($1.source, $1.other) }
  }
}
