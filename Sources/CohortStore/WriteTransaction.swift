internal import CohortCore
internal import CohortLMDB

/// A change of the store in the making, on the writer thread. Commits when its closure returns, with all log entries it
/// made; nothing of it is visible before.
public struct WriteTransaction: ~Copyable {
  /// The state before the changes to columns of this transaction, and after all others.
  public let reading: ReadTransaction
  let unsafe: UnsafeTransaction
  let tables: StoreTables
  let configuration: StoreConfiguration
  let state: TransactionState
  let columns: ColumnWriter
  let identity: IdentityWriter
  let known: KnownNames

  init(
    _ unsafe: UnsafeTransaction, tables: StoreTables, codecs: PayloadCodecs, configuration: StoreConfiguration,
    known: KnownNames = KnownNames(), clock: () -> Int64
  ) throws {
    self.unsafe = unsafe
    self.tables = tables
    self.configuration = configuration
    self.known = known
    reading = try ReadTransaction(
      unsafe, base: unsafe.number - 1, tables: tables, codecs: codecs, time: clock())
    state = reading.state
    columns = ColumnWriter(unsafe, table: tables.columns, state: state)
    identity = IdentityWriter(unsafe, tables: tables)
  }

  /// The counters with the changes of this transaction.
  public var counters: StoreCounters { state.counters }

  /// Adds a log entry. - Returns: its sequence.
  @discardableResult
  func log(_ event: some LogEventKind) throws -> LogSequence {
    let sequence = state.counters.lastSequence.next
    let entry = LogEntry(sequence: sequence, time: state.time, event: event)
    try entry.encode().withUnsafeBytes { try unsafe.put(tables.log, sequence.rawValue, $0, append: true) }
    state.counters.lastSequence = sequence
    return sequence
  }

  /// Notes that the store uses a feature, for readers that do not know it.
  func require(_ feature: StoreFeature) throws {
    guard let stored = try unsafe.get(tables.meta, StoreFormat.key) else {
      throw CohortError.missing("The store's format record")
    }
    var format = try StoreFormat.Record(stored)
    guard !format.contains(feature) else { return }
    format.insert(feature)
    try format.encode().withUnsafeBytes { try unsafe.put(tables.meta, StoreFormat.key, $0) }
  }

  /// Makes what this transaction did to columns and sizes visible to `reading`.
  func settle() throws {
    try applySizeChanges()
    try columns.flush()
    state.settledRows = state.counters.nextSample
  }

  /// Writes what was held back.
  func finish() throws {
    try settle()
    try identity.flush()
    state.counters.transaction = unsafe.number
    try state.counters.encode().withUnsafeBytes { try unsafe.put(tables.meta, StoreCounters.key, $0) }
  }
}
