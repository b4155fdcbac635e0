internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// `nearest`: the samples whose vectors are nearest to one that is given, by cosine. Exact; with a grouping by embedding, only the
/// groups whose centroids are nearest are looked at.
enum NearestTable: StoreTable {
  static let name = "nearest"
  static let declaration = """
    CREATE TABLE x(id INTEGER, distance REAL, rank INTEGER NOT NULL, query HIDDEN, k INTEGER HIDDEN, \
    space TEXT HIDDEN, grouping TEXT HIDDEN, PRIMARY KEY(rank, query, k)) WITHOUT ROWID
    """
  static let integers: Set = [k]
  static let texts: Set = [space, grouping]

  static let (id, distance, rank, query, k, space, grouping) = (0, 1, 2, 3, 4, 5, 6)
  static let standardCount = 10
  static let mostCount = 100_000

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    guard plan.hasEqual(query) else { return plan.setMissing() }
    for column in [query, k, space, grouping] where plan.takeEqual(column) == .nothing && plan.hasEqual(column) {
      return plan.refuse()
    }
    plan.set(cost: 100 + statistics.samples * 4, rows: Double(standardCount))
    plan.setOrdered(by: [rank], fixed: [query, k, space, grouping])
    plan.setOrdered(by: [distance, rank], fixed: [query, k, space, grouping])
  }

  static func scan(_ session: TableSession) -> Scan { NearestScan(session) }
}

private final class NearestScan: RowScan {
  private typealias Table = NearestTable
  private var found: [NearestSearch.Neighbour] = []
  private var isDone = true
  private var count = NearestTable.standardCount
  private let query = KeptBytes()
  private let space = KeptBytes()
  private var grouping = KeptBytes()

  override var columnCount: Int { Table.grouping + 1 }

  override func begin(_ arguments: ScanArguments) throws {
    (found, isDone) = ([], true)
    guard let given = arguments.value(Table.query) else {
      throw CohortError(
        .tablesRequired, "The table nearest needs a query",
        hint: "WHERE query = embed('some text') AND k = 20, or a vector in place of embed()")
    }
    count = Table.standardCount
    if let number = arguments.value(Table.k), number.kind != COHORT_SQL_NULL {
      guard let number = arguments.integers(Table.k).single, (1...Int64(Table.mostCount)).contains(number) else {
        throw CohortError.argument("k", "it is no number from 1 to \(Table.mostCount)")
      }
      count = Int(number)
    }
    // A sample without a vector is near to nothing.
    guard given.kind != COHORT_SQL_NULL else { return }
    let spaceName = arguments.value(Table.space)?.text
    let groupingName = arguments.value(Table.grouping)?.text
    found = try session.read { transaction in
      let space = try transaction.spaceOrDefault(spaceName)
      self.space.set(text: space.name)
      let search = NearestSearch(try vector(given, in: space), space: space, count: count, session)
      guard let groupingName else { return try search.all(transaction) }
      return try search.groups(of: try transaction.existingGrouping(groupingName), transaction)
    }
    query.set(given.buffer, as: given.kind)
    grouping = KeptBytes()
    if let groupingName { grouping.set(text: groupingName) }
    isDone = false
  }

  /// The vector that is asked for: a blob, or a text that somebody encodes.
  private func vector(_ given: cohort_sql_value, in space: EmbeddingSpace) throws -> [Float] {
    switch given.kind {
    case COHORT_SQL_BLOB:
      guard let vector = VectorText.floats(given), vector.count == space.dimension else {
        throw CohortError.argument(
          "query", "it has \(given.size) bytes, and a vector of space \"\(space.name)\" has \(space.dimension * 4)")
      }
      guard vector.allSatisfy(\.isFinite) else {
        throw CohortError.argument("query", "the vector has a value that is no finite number")
      }
      return vector
    case COHORT_SQL_TEXT:
      guard let text = given.text else { throw CohortError.argument("query", "it is not UTF-8") }
      guard let vector = try EmbedFunction.encode(text, space.name, session) else {
        throw CohortError.argument("query", "the encoder has no vector for this text")
      }
      guard vector.count == space.dimension else {
        throw CohortError.argument("query", "its vector has \(vector.count) values, and the space \(space.dimension)")
      }
      return vector
    default: throw CohortError.argument("query", "it is neither a vector nor a text")
    }
  }

  override func nextPart() -> Int? {
    defer { isDone = true }
    return isDone ? nil : found.count
  }

  override func value(_ column: Int, row: Int) -> cohort_sql_value {
    switch column {
    case Table.id: .integer(found[row].id)
    case Table.distance: .real(found[row].distance)
    case Table.rank: .integer(row + 1)
    case Table.query: query.value
    case Table.k: .integer(count)
    case Table.space: space.value
    default: grouping.value
    }
  }
}
