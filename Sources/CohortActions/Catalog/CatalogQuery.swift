public import CohortCatalog
internal import CohortCore
public import CohortPipeline
internal import CohortStore

/// `sql`: asks a store's catalog. Statements read and change nothing.
///
/// Only the owner of a store may write the catalog's file; for everybody else it is brought up to date in memory.
public struct CatalogQuery: Sendable {
  /// As people type it; it also names the owner while the catalog is brought up to date.
  public static let name = "sql"
  private let store: Store
  private let catalog: Catalog
  /// The longest that a statement may take, and the most rows of an answer. Beyond them is an error, never half an answer.
  private let limits: QueryLimits

  /// Opens a store and its catalog, and brings the catalog up to the end of the log.
  /// - Throws: `store.no-store`, `catalog.…`
  public init(storeAt path: String, limits: QueryLimits) throws {
    store = try Store.open(at: path)
    self.limits = limits
    if let current = try Catalog(current: store) {
      catalog = current
      return
    }
    // Nobody may own the store, or this process may not write: then the catalog is made in memory.
    if let owned = try? Store.open(at: path, access: .owner(name: "cohort \(Self.name)")) {
      _ = try? Catalog(of: owned)
    }
    catalog = try Catalog(of: store)
  }

  /// What a statement gives.
  public struct Answer: Sendable {
    /// The statement's columns in its order; a name that occurs again gets `_2`, `_3` and so on.
    public let columns: [ReportColumn]
    /// The rows in the statement's order; blobs are hexadecimal digits.
    public let rows: [ReportRecord]
  }

  /// Answers one statement, of the store as it is now.
  /// - Throws: `catalog.…`
  public func answer(_ sql: String, _ control: JobControl) throws -> Answer {
    try catalog.catchUp(from: store)
    let result = try catalog.query(sql, limits: limits, isCancelled: control.shouldStop)
    let names = Self.distinct(result.columns)
    return Answer(
      columns: names.map { ReportColumn($0) },
      rows: result.rows.map { row in ReportRecord(zip(names, row).map { (name: $0, value: $1.report) }) })
  }

  /// Whether the last thing outside of quotes and comments is a semicolon.
  public static func isComplete(_ sql: String) -> Bool {
    var quote: Character?
    var isComment = false
    var isEnded = false
    var previous: Character = " "
    for character in sql {
      if isComment {
        isComment = character != "\n"
      } else if let open = quote {
        if character == open { quote = nil }
      } else if character == "-", previous == "-" {
        isComment = true
      } else if character == "'" || character == "\"" || character == "`" {
        quote = character
        isEnded = false
      } else if character == ";" {
        isEnded = true
      } else if !character.isWhitespace, character != "-" {
        isEnded = false
      }
      previous = character
    }
    return isEnded && quote == nil
  }

  /// Two columns may have the same name in SQL, but not in a JSON object.
  static func distinct(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.map { name in
      var unique = name
      var number = 1
      while !seen.insert(unique).inserted {
        number += 1
        unique = "\(name)_\(number)"
      }
      return unique
    }
  }
}

extension CatalogValue {
  /// Blobs as hexadecimal digits.
  fileprivate var report: ReportValue {
    switch self {
    case .null: .null
    case .integer(let value): .integer(value)
    case .real(let value): .number(value)
    case .text(let text): .text(text)
    case .blob(let bytes):
      .text(bytes.hexadecimal)
    }
  }
}
