internal import CohortCatalog
internal import CohortCore
public import CohortPipeline
internal import CohortSearch
public import CohortStore
internal import CohortTables

/// `sample search`: the samples whose messages hold some words, best first.
public struct SampleSearchAction: RecordAction {
  public static let name = "sample search"
  /// The most samples of an answer.
  public static let mostSamples = 10_000
  /// The keys of a sample that was found.
  public static let columns: [ReportColumn] =
    ["id", "score", "snippet"] + SampleDescription.columns.filter { $0.name != "id" }
  /// What a table of found samples shows.
  public static let tableColumns: [ReportColumn] = ["id", "score", "source", "task", "snippet"]
  public var access: ActionAccess { .reads }
  /// What to search for: words, phrases in quotation marks, `word*`, AND, OR and NOT.
  public var query: String
  /// What else must hold of the samples.
  public var filter: SampleFilter
  /// Only samples whose response is longer, in the unit of the store's lengths.
  public var longerThan: UInt64?
  /// The most samples to find.
  public var limit: Int

  public init(
    query: String, filter: SampleFilter = SampleFilter(), longerThan: UInt64? = nil, limit: Int = 10
  ) {
    self.query = query
    self.filter = filter
    self.longerThan = longerThan
    self.limit = limit
  }

  /// Finds the samples in one state of the store. An index that is somewhat behind is brought up to date first, or what it lacks
  /// is read; of one that is far behind the report says what it does not show.
  /// - Throws: `pipeline.empty-query`, `search.too-long`; what `SampleFilter` throws.
  public func run(on store: Store, _ control: JobControl) throws -> SampleSearchReport {
    guard query.contains(where: { !$0.isWhitespace }) else {
      throw CohortError(.pipelineEmptyQuery, "There is nothing to search for", hint: "Give one or more words")
    }
    let query = try SearchQuery(checking: query)
    return try Self.mending(store, control) {
      try store.read { transaction in
        let found = try Self.hits(query, in: store, transaction, control)
        var rows: [ReportRecord] = []
        try forEachMeant(found.hits, transaction, control) { hit in
          let id = SampleID(hit.id)
          guard let sample = try transaction.sample(id),
            let snippet = try SearchReading.snippet(of: id, for: query, in: store, transaction)
          else { return rows.count < limit }
          var row: ReportRecord = ["id": .id(id), "score": .number(hit.score), "snippet": .text(snippet)]
          for field in try SampleDescription(sample, in: transaction).record.fields where field.name != "id" {
            row.append(field.name, field.value)
          }
          rows.append(row)
          return rows.count < limit
        }
        return SampleSearchReport(
          rows: rows, matches: found.hits.count, unsearched: found.unsearched, hasWords: !query.alternatives.isEmpty)
      }
    }
  }

  /// All samples that are found and fulfil the conditions, best first, whatever the limit.
  /// - Throws: as `run`; `search.behind` when the index is far behind: then these would not be all.
  func samples(in store: Store, _ control: JobControl) throws -> [SampleID] {
    let query = try SearchQuery(checking: query)
    return try Self.mending(store, control) {
      try store.read { transaction in
        let found = try Self.hits(query, in: store, transaction, control)
        guard found.unsearched == 0 else {
          throw CohortError(
            .searchBehind, "The search index does not show \(found.unsearched) samples yet",
            hint: "Run cohort update, or wait for the daemon")
        }
        var ids: [SampleID] = []
        try forEachMeant(found.hits, transaction, control) { hit in
          ids.append(SampleID(hit.id))
          return true
        }
        return ids
      }
    }
  }

  /// Brings the index up to date and runs `body`; once more without the index if it is damaged.
  private static func mending<R>(_ store: Store, _ control: JobControl, _ body: () throws -> R) throws -> R {
    SearchUpkeep.follow(store, control)
    try control.checkpoint()
    do {
      return try body()
    } catch let error as CohortError where error.code == .searchDamaged {
      guard SearchUpkeep.drop(store) else { throw error }
      SearchUpkeep.follow(store, control)
      return try body()
    }
  }

  private static func hits(
    _ query: SearchQuery, in store: Store, _ transaction: borrowing ReadTransaction, _ control: JobControl
  ) throws -> (hits: [SearchHit], unsearched: UInt64) {
    do {
      let reading = try SearchIndex.reading(query, of: store, transaction, mustStop: control.shouldStop)
      return (try reading.hits(), reading.unsearched)
    } catch {
      try control.checkpoint()
      throw error
    }
  }

  /// Samples that are looked at together.
  private static let batch = 256

  /// Calls `body` with the hits that fulfil all conditions, in their order, until it returns false.
  private func forEachMeant(
    _ hits: [SearchHit], _ transaction: borrowing ReadTransaction, _ control: JobControl,
    _ body: (SearchHit) throws -> Bool
  ) throws {
    var column: (column: Column, group: UInt32)?
    if let membership = filter.membership {
      column = (try SampleFilter.grouping(of: membership, transaction).groupColumn, membership.group.rawValue)
    }
    for start in stride(from: 0, to: hits.count, by: Self.batch) {
      try control.checkpoint()
      let part = hits[start..<min(start + Self.batch, hits.count)]
      let ids = Set(try filter.stillMeant(part.map { SampleID($0.id) }, transaction))
      for hit in part where ids.contains(SampleID(hit.id)) {
        let id = SampleID(hit.id)
        if let column, try transaction.uint32(column.column, id) != column.group { continue }
        if let longerThan, UInt64(try transaction.lengths(id).response) <= longerThan { continue }
        if try !body(hit) { return }
      }
    }
    // Names that do not exist are told of, whether or not anything was found.
    if hits.isEmpty { _ = try filter.stillMeant([], transaction) }
  }
}

/// What was found, and how much was searched.
public struct SampleSearchReport: RecordReport {
  /// A record for each sample: its id, its score, the part that shows why it was found, and what else is known of it.
  public let rows: [ReportRecord]
  /// Samples that hold what was searched for, whatever the other conditions.
  let matches: Int
  let unsearched: UInt64
  let hasWords: Bool

  public var record: ReportRecord {
    ["matches": .count(matches), "unsearched": .count(unsearched), "found": .list(rows.map { .record($0) })]
  }

  public var notes: [String] {
    var notes: [String] = []
    if unsearched > 0 {
      notes.append(
        "\(unsearched) samples are not in the search index yet, and were not searched: cohort update, or the daemon, adds them"
      )
    }
    if !hasWords { notes.append("There is no word to search for: punctuation stands between words") }
    return notes
  }
}
