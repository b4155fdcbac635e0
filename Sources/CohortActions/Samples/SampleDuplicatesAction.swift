internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `sample duplicates`: clusters of samples whose vectors are near-duplicates by cosine similarity.
public struct SampleDuplicatesAction: RecordAction {
  public static let name = "sample duplicates"
  /// The keys of a cluster.
  public static let columns: [ReportColumn] = ["representative", "size", "ids", "similarities", .hidden("sources")]
  /// The keys of a pair of sources.
  public static let pairColumns: [ReportColumn] = ["source", "other", "samples", "of", "share"]
  public var access: ActionAccess { .reads }
  /// What is looked for.
  public var request: DuplicatesRequest
  /// The most clusters of the report; their number is told in any case. Nil for all.
  public var limit: Int?

  public init(_ request: DuplicatesRequest, limit: Int? = nil) {
    self.request = request
    self.limit = limit
  }

  /// Compares the vectors.
  /// - Throws: what `DuplicatesJob.run` throws.
  public func run(on store: Store, _ control: JobControl) throws -> SampleDuplicatesReport {
    let report = try DuplicatesJob.run(store, request, control: control)
    let names = try store.read { transaction in
      try transaction.sources().reduce(into: [SourceID: String]()) { $0[$1.id] = $1.name }
    }
    return SampleDuplicatesReport(report, self, names)
  }
}

/// Clusters of near-duplicates, and how much of each source is in others.
public struct SampleDuplicatesReport: RecordReport {
  /// A record for each cluster, in the order of the representatives: the lowest id of each.
  public let clusters: [ReportRecord]
  /// A record for each pair of sources.
  public let pairs: [ReportRecord]
  private let report: DuplicatesReport
  private let similarity: Double

  init(_ report: DuplicatesReport, _ action: SampleDuplicatesAction, _ names: [SourceID: String]) {
    self.report = report
    similarity = action.request.similarity
    clusters = report.clusters.prefix(action.limit ?? .max).map { cluster in
      [
        "representative": .id(cluster.ids[0]), "size": .count(cluster.ids.count),
        "ids": .list(cluster.ids.map { .id($0) }), "similarities": .list(cluster.similarities.map { .number($0) }),
        "sources": .list(cluster.sources.map { .text(names[$0] ?? "") }),
      ]
    }
    pairs = report.pairs.map { pair in
      [
        "source": .text(pair.source), "other": .text(pair.other), "samples": .count(pair.samples),
        "of": .count(pair.all), "share": .number(Double(pair.samples) / Double(max(pair.all, 1))),
      ]
    }
  }

  public var record: ReportRecord {
    [
      "cosine_similarity": .number(similarity), "space": .text(report.space), "grouping": .optional(report.grouping),
      "samples": .count(report.samples), "without_vector": .count(report.without),
      "clusters": .count(report.clusters.count), "redundant": .count(report.redundant),
      "pairs_compared": .count(report.compared), "list": .list(clusters.map { .record($0) }),
      "sources": .list(pairs.map { .record($0) }),
    ]
  }

  public var notes: [String] {
    var note = "\(report.clusters.count) clusters with a cosine similarity of at least \(similarity) in space "
    note += "\"\(report.space)\", \(report.redundant) samples beyond the first of each; looked at \(report.samples)"
    if report.without > 0 { note += ", and \(report.without) have no vector" }
    return [note]
  }
}
