internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// `lengths`: the lengths of samples by every measure. Samples that are deleted, or not measured, have none.
enum LengthsTable: StoreTable {
  static let name = "lengths"
  static let declaration = """
    CREATE TABLE x(measure TEXT NOT NULL, id INTEGER NOT NULL, prompt INTEGER, response INTEGER, total INTEGER, \
    PRIMARY KEY(measure, id)) WITHOUT ROWID
    """
  static let integers: Set = [id]
  static let texts: Set = [measure]

  static let (measure, id, prompt, response, total) = (0, 1, 2, 3, 4)

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    plan.setParts(measure, 2, id: id, samples: statistics.samples)
  }

  static func scan(_ session: TableSession) -> Scan { LengthsScan(session) }
}

private final class LengthsScan: BlockScan {
  private typealias Table = LengthsTable
  /// The store's own measure is nil.
  private var measures: [LengthMeasure?] = []
  private let name = KeptBytes()

  override var idColumn: Int { Table.id }

  override func countParts(_ arguments: ScanArguments, _ transaction: borrowing ReadTransaction) throws -> Int {
    let names = arguments.texts(Table.measure)
    measures = names?.contains(Array(SampleLengths.ownMeasure.utf8)) == false ? [] : [nil]
    measures += try session.derived.measures(transaction).filter { names?.contains(Array($0.name.utf8)) != false }
    return measures.count
  }

  private func column(_ part: GroupingDefinition.LengthPart) -> Column {
    measures[self.part]?.column(part) ?? .length(of: part)
  }

  override func select(
    _ rows: UnsafeMutablePointer<UInt16>, _ count: Int, _ transaction: borrowing ReadTransaction
  ) throws -> Int {
    let count = try keepLive(rows, count, transaction)
    guard measures[part] != nil, count > 0 else { return count }
    let totals = try data(column(.total), slot: Table.total, transaction)
    return Int(cohort_sql_keep_words_but(totals, .max, rows, Int64(count)))
  }

  override func describe(_ batch: UnsafeBatch) {
    name.set(text: measures[part]?.name ?? SampleLengths.ownMeasure)
    batch.setSame(Table.measure, name.value)
    batch.setCounted(Table.id, from: block.lowerBound)
  }

  override func load(_ column: Int, _ batch: UnsafeBatch) throws {
    let part: GroupingDefinition.LengthPart =
      column == Table.prompt ? .prompt : column == Table.response ? .response : .total
    batch.set(column, COHORT_SQL_WORDS, try data(self.column(part), slot: column), none: nil)
  }
}

extension TablePlan {
  /// The plan of a table that has a row for each of many parts and each sample, and looks at part and id itself.
  /// - Parameter parts: how many parts there are, as far as anybody knows.
  func setParts(_ part: Int, _ parts: Double, id: Int, samples: Double, cost: Double = 1) {
    let partTaken = takeEqual(part, list: true)
    let isOnePart = partTaken == .one
    let found = isOnePart ? 1 : partTaken == .several ? max(parts / 2, 1) : parts
    switch takeEqual(id, list: true) {
    case .one: set(cost: 5 + found * 3 * cost, rows: found, isUnique: isOnePart)
    case .several:
      let rows = StoreStatistics.listed * found
      set(cost: 5 + rows * 3 * cost, rows: rows)
    case .nothing:
      var rows = samples
      for _ in 0..<takeRange(id) { rows /= 4 }
      set(cost: 5 + found * rows * cost, rows: found * rows)
    }
    if isOnePart { setOrdered(by: [id], fixed: [part]) }
  }
}
