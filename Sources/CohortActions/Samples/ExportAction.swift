internal import CohortCatalog
internal import CohortCore
public import CohortPipeline
public import CohortStore
public import Foundation

/// `export`: writes samples as JSON lines.
public struct ExportAction: Action {
  public static let name = "export"
  public var access: ActionAccess { .reads }
  /// Which samples, in which form, and where to.
  public var request: ExportRequest

  /// Which samples, in SQL, in place of the request's scope: a condition on the table `samples`, or a SELECT whose column
  /// `id` (or only column) has their ids, in the order of its rows.
  public var condition: String?

  /// What to search for: the samples that are found come best first, all of them or those of the group that is the scope.
  public var search: String?

  public init(_ request: ExportRequest, where condition: String? = nil, search: String? = nil) {
    self.request = request
    self.condition = condition
    self.search = search
  }

  /// Writes the samples that are in the scope now; those that are deleted before their turn are only counted.
  /// - Parameter output: takes the bytes when the request's path is `-`.
  /// - Throws: what `ExportJob.run` throws; `catalog.…` for the condition, `search.…` for the search.
  public func run(on store: Store, _ control: JobControl, output: FileHandle) throws -> ExportReport {
    var request = request
    if let condition { request.scope = .samples(try Self.samples(where: condition, in: store, control)) }
    if let search { request.scope = .samples(try ExportAction.samples(search, request.scope, in: store, control)) }
    return try ExportJob.run(store, request, control: control, output: output)
  }

  fileprivate static func samples(
    _ search: String, _ scope: ExportRequest.Scope, in store: Store, _ control: JobControl
  ) throws -> [SampleID] {
    var filter = SampleFilter()
    if case .group(let group, let grouping) = scope { filter.membership = .init(group: group, grouping: grouping) }
    return try SampleSearchAction(query: search, filter: filter).samples(in: store, control)
  }

  /// What a question may take whose answer is ids alone.
  private static let limits = QueryLimits(deadline: .seconds(600), rows: .max, bytes: .max, memory: 1 << 30)

  fileprivate static func samples(where text: String, in store: Store, _ control: JobControl) throws -> [SampleID] {
    let first = text.split(maxSplits: 1) { !$0.isLetter }.first?.uppercased() ?? ""
    let isStatement = ["SELECT", "WITH", "VALUES"].contains(first)
    // A comment at the end of the condition ends with its line.
    let sql = isStatement ? text : "SELECT id FROM samples WHERE (\(text)\n) ORDER BY id"
    let answer = try CatalogQuery(store, limits: limits).answer(sql, control)
    let named = answer.columns.first { $0.name.lowercased() == "id" }
    guard let column = named ?? (answer.columns.count == 1 ? answer.columns[0] : nil) else {
      throw CohortError.usage(
        "The statement does not say which column has the samples' ids",
        hint: "Name one of its columns id: SELECT ... AS id")
    }
    return try answer.rows.map { row in
      guard case .integer(let number)? = row[column.name], let id = UInt64(exactly: number) else {
        throw CohortError.usage("The column '\(column.name)' has a value that is no sample's id")
      }
      return SampleID(id)
    }
  }
}

/// `export --as atlas`: writes samples with places and neighbours, for Embedding Atlas.
public struct AtlasAction: Action {
  public static let name = "export"
  public var access: ActionAccess { .reads }
  /// Which samples, and where to.
  public var request: AtlasRequest
  /// As for `ExportAction`.
  public var condition: String?
  /// As for `ExportAction`.
  public var search: String?

  public init(_ request: AtlasRequest, where condition: String? = nil, search: String? = nil) {
    self.request = request
    self.condition = condition
    self.search = search
  }

  /// Writes the samples that have a vector.
  /// - Parameter output: takes the bytes when the request's path is `-`.
  /// - Throws: what `AtlasJob.run` throws; `catalog.…` for the condition, `search.…` for the search.
  public func run(on store: Store, _ control: JobControl, output: FileHandle) throws -> AtlasReport {
    var request = request
    if let condition { request.scope = .samples(try ExportAction.samples(where: condition, in: store, control)) }
    if let search { request.scope = .samples(try ExportAction.samples(search, request.scope, in: store, control)) }
    return try AtlasJob.run(store, request, control: control, output: output)
  }
}

extension AtlasReport {
  /// The counts of the export, with where it went.
  public func record(file: String) -> ReportRecord {
    [
      "file": .text(file), "written": .count(written), "bytes": .count(bytes), "deleted": .count(deleted),
      "without_vector": .count(without), "space": .text(space), "grouping": .optional(grouping),
    ]
  }

  /// What people should know of samples that are not there; nil when there is nothing.
  public var note: String? { without == 0 ? nil : "left out \(without) samples that have no vector" }
}

extension ExportReport {
  /// The counts of the export, with where it went.
  public func record(file: String) -> ReportRecord {
    [
      "file": .text(file), "written": .count(written), "bytes": .count(bytes), "deleted": .count(deleted),
      "skipped": Self.record(skipped), "renamed": Self.record(renamed),
    ]
  }

  private static func record(_ counts: [String: UInt64]) -> ReportValue {
    .record(ReportRecord(counts.sorted { $0.key < $1.key }.map { (name: $0.key, value: .count($0.value)) }))
  }
}
