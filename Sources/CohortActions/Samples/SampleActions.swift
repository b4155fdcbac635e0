internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `sample search`: samples whose messages hold all of some words, in the order of their ids.
public struct SampleSearchAction: ListAction {
  public static let name = "sample search"
  public static let columns = SampleDescription.columns
  /// What a table of found samples shows, when `withExcerpt` is set.
  public static let tableColumns: [ReportColumn] = ["id", "source", "task", "text"]
  /// Words, all of which a sample's messages must hold.
  public var query: String
  /// The most samples to find.
  public var limit: Int
  /// Adds the beginning of the texts on one line.
  public var withExcerpt: Bool

  public init(query: String, limit: Int = 10, withExcerpt: Bool = false) {
    self.query = query
    self.limit = limit
    self.withExcerpt = withExcerpt
  }

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let found = try SampleSearch.find(store, query: query, limit: limit, control: control)
    let records = try store.read { transaction in
      try found.map { sample in
        var record = try SampleDescription(sample, in: transaction).record
        if withExcerpt { record.append("text", .text(SampleDescription.excerpt(sample))) }
        return record
      }
    }
    try records.forEach(row)
  }
}

extension CohortError {
  static func noSample(_ id: SampleID, _ transaction: borrowing ReadTransaction) throws -> CohortError {
    let next = try transaction.counters.nextSample
    guard id.rawValue >= next else {
      return CohortError(
        .cliUnknownSample, "Sample \(id) was deleted", hint: "'cohort log --kind delete' tells when, and why")
    }
    return CohortError(
      .cliUnknownSample, "There is no sample \(id)",
      hint: next == 0 ? "The store is empty" : "Ids go from 0 to \(next - 1)")
  }
}
