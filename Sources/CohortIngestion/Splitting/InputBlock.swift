/// A piece of an input: some whole records, in place. Made by a `RecordScanner`, turned into a batch by a
/// `RecordParser`.
///
/// Handed from one thread to the next, never used by two at once.
final class InputBlock: @unchecked Sendable {
  /// Where a record lies, without the separators around it.
  struct Record {
    var start: Int
    var count: Int
    var line: UInt64
    /// Index into `issues`, -1 for a record without one.
    var issue: Int = -1
  }

  /// What the division into records already knows to be wrong with one.
  struct Issue {
    var reason: RejectionReason
    var detail: String
    /// The first bytes of the record, when it is not in the block itself.
    var prefix: [UInt8]?
    var size: UInt64
  }

  /// `capacity` bytes and the padding behind them.
  let memory: UnsafeMutablePointer<UInt8>
  let capacity: Int
  private let pool: BlockMemoryPool?
  var filled = 0
  var records: [Record] = []
  var issues: [Issue] = []
  /// Packed bytes of the input that were taken for this block.
  var inputBytes: UInt64 = 0
  /// No block of the source follows.
  var isLast = false
  var notes: [IngestionNote] = []
  /// nil only in a block without valid records of a source that has none at all.
  var shape: CompiledShape?
  var table: TableHeader?
  /// The records are whole documents: instances in them are counted instead of the documents.
  var countsInstances = false
  /// How many of its first records are shown field by field.
  var previewedRecords = 0
  /// Each record is a line of JSON.
  var isLines = false
  /// How many lines were divided into several records.
  var joinedLines: UInt64 = 0

  /// Takes the memory from the pool, unless it must be larger than what the pool has.
  init(capacity: Int, pool: BlockMemoryPool) {
    self.capacity = capacity
    self.pool = capacity <= pool.capacity ? pool : nil
    memory = self.pool?.take() ?? BlockMemoryPool.allocate(capacity)
  }

  deinit {
    if let pool { pool.give(memory) } else { memory.deallocate() }
  }

  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: memory, count: filled) }

  func bytes(of record: Record) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: memory + record.start, count: record.count)
  }
}
