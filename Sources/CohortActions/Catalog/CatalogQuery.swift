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

  /// Takes an answer while it is computed, on the thread that asks.
  public struct Receiver {
    /// Called once, before the first row.
    let columns: ([ReportColumn]) throws -> Void
    /// Called for each row. What it throws ends the statement.
    let row: (ReportRecord) throws -> Void
    /// Called often while the statement is at work.
    let waiting: () -> Void
    /// Called before the error that says that the statement is wrong: where, in bytes from its beginning.
    let mistake: (Int) -> Void

    public init(
      columns: @escaping ([ReportColumn]) throws -> Void, row: @escaping (ReportRecord) throws -> Void,
      waiting: @escaping () -> Void = {}, mistake: @escaping (Int) -> Void = { _ in }
    ) {
      self.columns = columns
      self.row = row
      self.waiting = waiting
      self.mistake = mistake
    }
  }

  /// Answers one statement, of the store as it is now.
  /// - Parameter arguments: values for its parameters.
  /// - Throws: `catalog.…`
  public func answer(_ sql: String, with arguments: QueryArguments = [], _ control: JobControl) throws -> Answer {
    try mending { reader in
      var (columns, rows): ([ReportColumn], [ReportRecord]) = ([], [])
      try ask(reader, sql, arguments, control, Receiver(columns: { columns = $0 }, row: { rows.append($0) }))
      return Answer(columns: columns, rows: rows)
    }
  }

  /// Answers one statement, and hands each row over as soon as it is there.
  /// - Parameter arguments: values for its parameters.
  /// - Throws: `catalog.…`, also after the first rows; what the receiver throws.
  public func answer(
    _ sql: String, with arguments: QueryArguments = [], _ control: JobControl, to receiver: Receiver
  ) throws {
    var (hasColumns, hasBegun) = (false, false)
    let noting = Receiver(
      columns: {
        // They are the same when it is asked once more.
        guard !hasColumns else { return }
        hasColumns = true
        try receiver.columns($0)
      },
      row: {
        hasBegun = true
        try receiver.row($0)
      }, waiting: receiver.waiting, mistake: receiver.mistake)
    try mending(unless: { hasBegun }) { try ask($0, sql, arguments, control, noting) }
  }

  private func ask(
    _ reader: CatalogReader, _ sql: String, _ arguments: QueryArguments, _ control: JobControl, _ receiver: Receiver
  ) throws {
    var names: [String] = []
    let answer = AnswerReceiver(
      columns: {
        names = Self.distinct($0)
        try receiver.columns(names.map { ReportColumn($0) })
      },
      row: { row in
        try receiver.row(ReportRecord(zip(names, row).map { (name: $0, value: $1.report) }))
      }, mistake: receiver.mistake)
    try reader.answer(
      sql, arguments: arguments, limits: limits, tables: session(),
      isCancelled: {
        receiver.waiting()
        return control.shouldStop()
      }, answer)
  }

  /// Answers a query that the store keeps.
  /// - Parameter values: for its parameters, by their names.
  /// - Throws: `store.unknown-query`, `catalog.…`
  public func answer(saved name: String, _ values: [String: CatalogValue], _ control: JobControl) throws -> Answer {
    try answer(savedStatement(name), with: .named(values), control)
  }

  /// The statement that the store keeps under a name.
  /// - Throws: `store.unknown-query`.
  public func savedStatement(_ name: String) throws -> String {
    try store.read { try $0.existingQuery(name) }.sql
  }

  /// The tables that statements can read, those of the store first.
  /// - Throws: `catalog.…`
  public func tables() throws -> [TableDeclaration] {
    let own = TableRegistration.declarations.map {
      TableDeclaration($0.name, sql: "CREATE TABLE \($0.name)\($0.columns)", isOfStore: true)
    }
    let result = try reader().query(
      """
      SELECT name, sql FROM sqlite_schema
      WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'grdb_migrations' ORDER BY name
      """, limits: limits)
    return own
      + result.rows.compactMap { row in
        guard case .text(let name) = row[0], case .text(let sql) = row[1] else { return nil }
        return TableDeclaration(name, sql: sql, isOfStore: false)
      }
  }

  /// The functions that statements may call, in alphabetical order.
  public static var functions: [String] { Catalog.queryFunctions }

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
  /// - Parameter hasBegun: whether a part of the answer was given already, so that there is no second time.
  private func mending<R>(
    unless hasBegun: () -> Bool = { false }, _ body: (CatalogReader) throws -> R
  ) throws -> R {
    let first = try reader()
    do {
      return try body(first)
    } catch let error as CohortError where error.code == .catalogDamaged && !hasBegun() {
      return try body(
        try catalog?.mendedReader(of: store, after: first)
          ?? SharedCatalog.of(store).mendedReader(of: store, after: first))
    }
  }

  private func reader() throws -> CatalogReader {
    guard let catalog else { return try SharedCatalog.of(store).reader(of: store) }
    try catalog.catchUp(from: store)
    do {
      return try catalog.reader()
    } catch let error as CohortError where error.code == .catalogDamaged {
      return try catalog.mendedReader(of: store, after: nil)
    }
  }

  /// What lets one statement see the tables of the store.
  private func session() -> TableSession {
    TableSession(store, services: StoreQuestions(store).services, isForOneStatement: true)
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
