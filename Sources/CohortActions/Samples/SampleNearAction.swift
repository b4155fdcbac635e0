internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `sample near`: the samples whose vectors are nearest by cosine to a sample's, a text's, or one that is given.
public struct SampleNearAction: RecordAction {
  public static let name = "sample near"
  /// The most samples of an answer.
  public static let mostSamples = 10_000
  /// The keys of a sample that was found.
  public static let columns: [ReportColumn] = ["id", "distance"]
  /// What a table of found samples shows.
  public static let tableColumns: [ReportColumn] = ["id", "distance", "source", "task", "text"]
  public var access: ActionAccess { .reads }
  /// What is asked about, and how it is to be answered.
  public var request: NearRequest
  /// Adds source, task and the beginning of the texts to the rows of the report.
  public var withExcerpt: Bool

  public init(_ request: NearRequest, withExcerpt: Bool = false) {
    self.request = request
    self.withExcerpt = withExcerpt
  }

  /// Finds what is nearest; the sample that is asked about is never among it.
  /// - Throws: `cli.unknown-sample`; what `NearJob.run` throws.
  public func run(on store: Store, _ control: JobControl) throws -> SampleNearReport {
    if case .sample(let id) = request.query {
      try store.read { transaction in
        let isThere = try id.rawValue < transaction.counters.nextSample && !transaction.isDeleted(id)
        guard isThere else { throw try CohortError.noSample(id, transaction) }
      }
    }
    let answer = try NearJob.run(store, request, control: control)
    let rows = try answer.nearest.map { found in
      var row: ReportRecord = ["id": .id(found.id), "distance": .number(found.distance)]
      guard withExcerpt else { return row }
      let described = try store.read { transaction in
        try transaction.sample(found.id).map { sample in
          (try SampleDescription(sample, in: transaction).record, SampleDescription.excerpt(sample))
        }
      }
      row.append("source", described?.0["source"] ?? .null)
      row.append("task", described?.0["task"] ?? .null)
      row.append("text", described.map { .text($0.1) } ?? .null)
      return row
    }
    return SampleNearReport(answer, rows: rows)
  }
}

/// What is nearest, and how it was found.
public struct SampleNearReport: RecordReport {
  /// A record for each sample: its id and 1 - cosine, nearest first.
  public let rows: [ReportRecord]
  private let answer: NearAnswer

  init(_ answer: NearAnswer, rows: [ReportRecord]) {
    self.answer = answer
    self.rows = rows
  }

  public var record: ReportRecord {
    [
      "space": .text(answer.space), "exact": .boolean(answer.isExact), "grouping": .optional(answer.grouping),
      "groups": answer.groups.map { .count($0) } ?? .null, "vectors_read": .count(answer.read),
      "vectors": .count(answer.vectors), "recall": .optional(answer.recall),
      "nearest": .list(rows.map { .record($0) }),
    ]
  }

  /// One sentence: whether the answer is exact, and what was read for it.
  public var notes: [String] {
    let unit = "vectors of space \"\(answer.space)\""
    guard let grouping = answer.grouping, let groups = answer.groups else {
      return ["exact: read \(answer.read) \(unit)"]
    }
    var note = "by groups: read \(answer.read) of \(answer.vectors) \(unit), in \(groups) groups of \"\(grouping)\""
    if let recall = answer.recall { note += "; recall \(recall) of what is nearest" }
    return [note + (answer.recall == nil ? "; --exact reads all" : "")]
  }
}
