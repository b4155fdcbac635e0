public import CohortCore
public import CohortPipeline
public import CohortStore

/// `sample list`: the samples that a filter finds, in full, ascending by id and a page at a time.
public struct SampleListAction: ListAction {
  public static let name = "sample list"
  public static let columns = SampleDescription.columns
  /// Rows of a page unless a request says otherwise.
  public static let defaultLimit = 100
  /// An empty filter finds all.
  public var filter: SampleFilter
  /// The id of the last sample that was seen before; nil to begin.
  public var after: SampleID?
  /// Rows of this page; a page that has fewer is the last one.
  public var limit: Int

  public init(_ filter: SampleFilter = SampleFilter(), after: SampleID? = nil, limit: Int = Self.defaultLimit) {
    self.filter = filter
    self.after = after
    self.limit = limit
  }

  /// Finds the page in one state of the store, and reads each sample when its turn comes: one that is deleted in between
  /// is left out.
  /// - Throws: what `SampleFilter.ids` throws.
  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    guard after?.rawValue != .max else { return }
    let first = after.map { SampleID($0.rawValue + 1) } ?? SampleID(0)
    let ids = try store.read { try filter.ids(in: $0, from: first, limit: limit, control: control) }
    for id in ids {
      let record = try store.read { transaction in
        try transaction.sample(id).map { try SampleDescription($0, in: transaction).record }
      }
      if let record { try row(record) }
    }
  }
}
