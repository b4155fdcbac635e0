internal import CSQLiteTables
internal import CohortCore
internal import CohortSearch
internal import CohortStore

/// `search`: the samples whose messages hold some words, best first.
enum SearchTable: StoreTable {
  static let name = "search"
  static let declaration = """
    CREATE TABLE x(id INTEGER, score REAL, snippet TEXT, query HIDDEN, PRIMARY KEY(id, query)) WITHOUT ROWID
    """
  static let integers: Set = [id]
  static let texts: Set<Int> = []

  static let (id, score, snippet, query) = (0, 1, 2, 3)

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    guard plan.hasEqual(query) else { return plan.setMissing() }
    guard plan.takeEqual(query) != .nothing else { return plan.refuse() }
    // A word comes in a share of the samples that nobody knows beforehand.
    plan.set(cost: 1000 + statistics.samples, rows: max(statistics.samples / 50, 1))
    plan.setOrdered(by: [score, id], fixed: [query], descending: [score])
  }

  static func scan(_ session: TableSession) -> Scan { SearchScan(session) }
}

private final class SearchScan: RowScan {
  private typealias Table = SearchTable
  private var query = SearchQuery("")
  private var hits: [SearchHit] = []
  private var isDone = true
  private let given = KeptBytes()
  private let snippet = KeptBytes()

  override var columnCount: Int { Table.query + 1 }

  override func begin(_ arguments: ScanArguments) throws {
    (hits, isDone) = ([], true)
    guard let value = arguments.value(Table.query) else {
      throw CohortError(
        .tablesRequired, "The table search needs a query", hint: "WHERE query = 'some words'")
    }
    guard value.kind != COHORT_SQL_NULL else { return }
    guard let text = value.text else { throw CohortError.argument("query", "it is no text") }
    query = try SearchQuery(checking: text)
    given.set(text: text)
    session.services.followSearch?(session.mustStop)
    try session.checkStop()
    do {
      hits = try find()
    } catch let error as CohortError where error.code == .searchDamaged {
      guard session.services.dropSearch?() == true else { throw error }
      hits = try find()
    }
    isDone = false
  }

  private func find() throws -> [SearchHit] {
    try session.read { transaction in
      let reading = try SearchReading(query, of: session.store, transaction, mustStop: session.mustStop)
      guard reading.unsearched == 0 else {
        throw CohortError(
          .searchBehind, "The search index does not show \(reading.unsearched) samples yet",
          hint: "Run cohort update, or wait for the daemon; cohort sample search answers by what is there")
      }
      return try reading.hits()
    }
  }

  override func nextPart() -> Int? {
    defer { isDone = true }
    return isDone ? nil : hits.count
  }

  override func value(_ column: Int, row: Int) throws -> cohort_sql_value {
    switch column {
    case Table.id: return .integer(hits[row].id)
    case Table.score: return .real(hits[row].score)
    case Table.snippet:
      let id = SampleID(hits[row].id)
      do {
        let text = try session.read { try SearchReading.snippet(of: id, for: query, in: session.store, $0) }
        guard let text else { return .null }
        snippet.set(text: text)
      } catch let error as CohortError where error.code == .searchDamaged {
        // What was found by it is no answer; the next one will be.
        _ = session.services.dropSearch?()
        throw error
      }
      return snippet.value
    default: return given.value
    }
  }
}
