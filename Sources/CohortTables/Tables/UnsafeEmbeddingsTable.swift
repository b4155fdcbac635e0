internal import CSQLiteTables
internal import CohortCore
internal import CohortKernels
internal import CohortStore

/// `embeddings`: the vectors of samples in every space, as float32. Samples that are deleted, or have no vector, are not in it.
enum EmbeddingsTable: StoreTable {
  static let name = "embeddings"
  static let declaration = """
    CREATE TABLE x(space TEXT NOT NULL, id INTEGER NOT NULL, vector BLOB, PRIMARY KEY(space, id)) WITHOUT ROWID
    """
  static let integers: Set = [id]
  static let texts: Set = [space]

  static let (space, id, vector) = (0, 1, 2)

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    plan.setParts(space, 1, id: id, samples: statistics.samples, cost: plan.reads(vector...vector) ? 4 : 1)
  }

  static func scan(_ session: TableSession) -> Scan { EmbeddingsScan(session) }
}

private final class EmbeddingsScan: BlockScan {
  private typealias Table = EmbeddingsTable
  private var spaces: [EmbeddingSpace] = []
  private let name = KeptBytes()
  private let vector = KeptBytes()

  override var idColumn: Int { Table.id }

  override func countParts(_ arguments: ScanArguments, _ transaction: borrowing ReadTransaction) throws -> Int {
    let names = arguments.texts(Table.space)
    spaces = try session.derived.spaces(transaction).filter { names?.contains(Array($0.name.utf8)) != false }
    return spaces.count
  }

  override func select(
    _ rows: UnsafeMutablePointer<UInt16>, _ count: Int, _ transaction: borrowing ReadTransaction
  ) throws -> Int {
    let states = try data(spaces[part].states, slot: 0, transaction)
    let count = cohort_sql_keep_bytes(states, VectorState.present.rawValue, rows, Int64(count))
    return try keepLive(rows, Int(count), transaction)
  }

  override func describe(_ batch: UnsafeBatch) {
    name.set(text: spaces[part].name)
    batch.setSame(Table.space, name.value)
    batch.setCounted(Table.id, from: block.lowerBound)
    batch.setEach(Table.vector)
  }

  override func value(_ column: Int, row: Int) throws -> cohort_sql_value {
    let (space, id) = (spaces[part], block.lowerBound + UInt64(row))
    return try session.read { transaction in
      let target = vector.reserve(space.dimension * MemoryLayout<Float>.stride, as: COHORT_SQL_BLOB)
      try transaction.readVector(id, of: space, into: target.bindMemory(to: Float.self))
      return vector.value
    }
  }
}

extension ReadTransaction {
  /// Reads the vector of a sample that has one, as single floats.
  /// - Throws: `store.corrupted`.
  func readVector(_ id: UInt64, of space: EmbeddingSpace, into target: UnsafeMutableBufferPointer<Float>) throws {
    let column = space.vectors
    let index = Int(id % UInt64(column.rowsPerChunk))
    guard let chunk = try chunk(column, of: id), index < chunk.count else {
      throw CohortError(
        .storeCorrupted, "The vector of sample \(id) is damaged", place: "space \(space.name)", cause: "it is missing")
    }
    let row = chunk.row(index)
    guard let source = row.baseAddress, let start = target.baseAddress else { return }
    if space.element == .float16 {
      // Rows are aligned to 2 bytes.
      cohort_half_to_float(source.assumingMemoryBound(to: UInt16.self), start, space.dimension)
    } else {
      UnsafeMutableRawBufferPointer(target).copyMemory(from: row)
    }
  }
}
