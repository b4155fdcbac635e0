internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// `samples`: every sample that the store ever had. Of deleted ones there are source, task, line and lengths.
enum SamplesTable: StoreTable {
  static let name = "samples"
  static let declaration = """
    CREATE TABLE x(id INTEGER NOT NULL, source TEXT, task TEXT, line INTEGER, prompt TEXT, response TEXT, system TEXT, \
    messages TEXT, tools TEXT, attributes TEXT, prompt_length INTEGER, response_length INTEGER, total_length INTEGER, \
    deleted INTEGER)
    """
  static let rowID: Int? = id
  static let integers: Set = [id]
  static let texts: Set = [source, task]

  static let (id, source, task, line, prompt, response) = (0, 1, 2, 3, 4, 5)
  static let (system, messages, tools, attributes) = (6, 7, 8, 9)
  static let (promptLength, responseLength, totalLength, deleted) = (10, 11, 12, 13)

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    // A text has to be looked up and decompressed.
    let perRow = plan.reads(line...attributes) ? 20.0 : 1
    switch plan.takeEqual(id, list: true) {
    case .one: plan.set(cost: 5 + perRow, rows: 1, isUnique: true)
    case .several:
      plan.set(cost: StoreStatistics.listed * (3 + perRow), rows: StoreStatistics.listed)
    case .nothing:
      var (rows, looked) = (statistics.samples, 0.0)
      for _ in 0..<plan.takeRange(id) { rows /= 4 }
      for column in [task, source] where plan.takeEqual(column, list: true) != .nothing {
        looked += rows * 0.1
        rows /= 20
      }
      plan.set(cost: 5 + looked + rows * perRow, rows: rows)
    }
    plan.setOrdered(by: [id])
  }

  static func scan(_ session: TableSession) -> Scan { SamplesScan(session) }
}

private final class SamplesScan: BlockScan {
  private typealias Table = SamplesTable
  private var sources: [UInt32]?
  private var tasks: [UInt32]?
  private let texts = SampleTexts()
  private let sourceName = KeptBytes()
  private let taskName = KeptBytes()

  override func countParts(_ arguments: ScanArguments, _ transaction: borrowing ReadTransaction) throws -> Int {
    texts.forget()
    sources = try arguments.texts(Table.source).map { try session.derived.sources(transaction).numbers(of: $0) }
    tasks = try arguments.texts(Table.task).map { try session.derived.tasks(transaction).numbers(of: $0) }
    return sources?.isEmpty == true || tasks?.isEmpty == true ? 0 : 1
  }

  override func select(
    _ rows: UnsafeMutablePointer<UInt16>, _ count: Int, _ transaction: borrowing ReadTransaction
  ) throws -> Int {
    var count = try keep(sources, in: .source, slot: Table.source, rows, count, transaction)
    count = try keep(tasks, in: .task, slot: Table.task, rows, count, transaction)
    return count
  }

  override func describe(_ batch: UnsafeBatch) {
    batch.setCounted(Table.id, from: block.lowerBound)
    batch.setEach(
      Table.line, Table.prompt, Table.response, Table.system, Table.messages, Table.tools, Table.attributes)
  }

  private func name(_ text: String?, in kept: KeptBytes) -> cohort_sql_value {
    guard let text else { return .null }
    kept.set(text: text)
    return kept.value
  }

  override func load(_ column: Int, _ batch: UnsafeBatch) throws {
    try session.read { transaction in
      switch column {
      // Of one sample one name is read, not those of all.
      case Table.source where wanted.single != nil && !session.derived.wantsAllNames():
        let number = SourceID(try transaction.uint32(.source, SampleID(UInt64(wanted.low))))
        batch.setSame(column, name(try transaction.source(number)?.name, in: sourceName))
      case Table.task where wanted.single != nil && !session.derived.wantsAllNames():
        let number = TaskID(try transaction.uint32(.task, SampleID(UInt64(wanted.low))))
        batch.setSame(column, name(try transaction.task(number)?.name, in: taskName))
      case Table.source:
        batch.setNames(
          column, try data(.source, slot: column, transaction), try session.derived.sources(transaction))
      case Table.task:
        batch.setNames(
          column, try data(.task, slot: column, transaction), try session.derived.tasks(transaction),
          none: TaskID.missing.rawValue)
      case Table.promptLength:
        batch.set(column, COHORT_SQL_WORDS, try data(.promptLength, slot: column, transaction))
      case Table.responseLength:
        batch.set(column, COHORT_SQL_WORDS, try data(.responseLength, slot: column, transaction))
      case Table.totalLength:
        batch.set(column, COHORT_SQL_WORDS, try data(.totalLength, slot: column, transaction))
      default: batch.set(column, COHORT_SQL_BYTES, try data(.tombstone, slot: column, transaction))
      }
    }
  }

  override func value(_ column: Int, row: Int) throws -> cohort_sql_value {
    let id = SampleID(block.lowerBound + UInt64(row))
    return try session.read { transaction in
      if column == Table.line { return try transaction.line(of: id).map { .integer($0) } ?? .null }
      try texts.read(id, limit: session.valueLimit, transaction)
      switch column {
      case Table.prompt: return texts.prompt
      case Table.response: return texts.response
      case Table.system: return texts.system
      case Table.messages: return texts.messages
      case Table.tools: return texts.tools
      default: return texts.attributes
      }
    }
  }
}
