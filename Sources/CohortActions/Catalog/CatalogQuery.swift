public import CohortCatalog
internal import CohortCore
public import CohortPipeline
public import CohortStore
internal import CohortTables

/// `sql`: asks a store's catalog and the store itself. Statements read and change nothing.
///
/// Takes nobody's right to write the store: while another process writes the catalog's file, it is brought up to date in
/// memory.
public struct CatalogQuery: Sendable {
  /// As people type it.
  public static let name = "sql"
  private let store: Store
  /// Nil to ask the one that the process shares.
  private let catalog: Catalog?
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
    // Where this process may not write the file, the catalog is brought up to date in memory.
    try? Catalog.publish(of: store)
    catalog = try Catalog(of: store)
  }

  /// Asks the catalog of an open store that all of this process share. The file is left to who keeps it.
  public init(_ store: Store, limits: QueryLimits) {
    self.store = store
    self.limits = limits
    catalog = nil
  }

  /// What a statement gives.
  public struct Answer: Sendable {
    /// The statement's columns in its order; a name that occurs again gets `_2`, `_3` and so on.
    public let columns: [ReportColumn]
    /// The rows in the statement's order; blobs are hexadecimal digits.
    public let rows: [ReportRecord]
  }

  /// Answers one statement, of the store as it is now.
  /// - Parameter arguments: values for its parameters.
  /// - Throws: `catalog.…`
  public func answer(_ sql: String, with arguments: QueryArguments = [], _ control: JobControl) throws -> Answer {
    let result = try mending { reader in
      try reader.query(sql, arguments: arguments, limits: limits, tables: session(), isCancelled: control.shouldStop)
    }
    let names = Self.distinct(result.columns)
    return Answer(
      columns: names.map { ReportColumn($0) },
      rows: result.rows.map { row in ReportRecord(zip(names, row).map { (name: $0, value: $1.report) }) })
  }

  /// Answers a query that the store keeps.
  /// - Parameter values: for its parameters, by their names.
  /// - Throws: `store.unknown-query`, `catalog.…`
  public func answer(saved name: String, _ values: [String: CatalogValue], _ control: JobControl) throws -> Answer {
    let query = try store.read { try $0.existingQuery(name) }
    return try answer(query.sql, with: .named(values), control)
  }

  /// The names of a statement's parameters, without running it.
  /// - Throws: as `answer`; `catalog.arguments` for a parameter that has no name.
  public func parameters(of sql: String) throws -> [String] {
    let names = try mending { try $0.parameters(of: sql, limits: limits, tables: session()) }
    guard !names.contains(nil) else {
      throw CohortError(
        .catalogArguments, "The statement has a parameter without a name", hint: "Write :name in place of ?")
    }
    return names.compactMap(\.self)
  }

  /// Asks, and asks once more when the catalog turns out to be damaged: it is made of the log, so it can be made anew.
  private func mending<R>(_ body: (CatalogReader) throws -> R) throws -> R {
    do {
      return try body(try reader())
    } catch let error as CohortError where error.code == .catalogDamaged {
      let mended = try Catalog(rebuilding: store)
      return try body(try mended.reader())
    }
  }

  private func reader() throws -> CatalogReader {
    try catalog?.catchUp(from: store)
    return try catalog?.reader() ?? SharedCatalog.of(store).reader(of: store)
  }

  /// What lets one statement see the tables of the store.
  private func session() -> TableSession {
    TableSession(store, services: StoreQuestions(store).services, isForOneStatement: true)
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
