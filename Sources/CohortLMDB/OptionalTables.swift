internal import CLMDB
internal import CohortSystem

/// The tables of an environment that need not be there: which ones there may be, and those that are open.
///
/// LMDB gives a table a handle once an environment. A handle is good for transactions that begin after the one in which
/// it was opened, and for nobody when that one did not commit. No two transactions of a process may open tables at the same
/// time, which `opening` sees to; other transactions may run meanwhile.
final class OptionalTables: Sendable {
  private struct State {
    var definitions: [TableDefinition]
    var open: [String: Table] = [:]
    /// How many tables the file had when they were looked for.
    var tableCount: Int?
  }

  private let state: Locked<State>
  private let opening = Locked(())

  init(_ definitions: [TableDefinition]) { state = Locked(State(definitions: definitions)) }

  /// Adds tables that there may be, for the transactions that begin from now on.
  func add(_ definitions: [TableDefinition]) {
    state.withLock { state in
      let new = definitions.filter { !state.definitions.contains($0) }
      guard !new.isEmpty else { return }
      state.definitions += new
      state.tableCount = nil
    }
  }

  /// Forgets all handles: the environment was closed.
  func forget() {
    state.withLock {
      $0.open = [:]
      $0.tableCount = nil
    }
  }

  /// What a transaction that begins now sees; ask before it begins.
  func snapshot() -> TransactionTables {
    state.withLock { state in
      let lacksSome = state.definitions.contains { state.open[$0.name] == nil }
      return TransactionTables(self, open: state.open, looked: lacksSome ? .some(state.tableCount) : nil)
    }
  }

  /// Opens those that the file has by now. - Returns: LMDB's status.
  func openMissing(_ environment: OpaquePointer?) -> Int32 {
    guard let environment else { return MDB_PANIC }
    return opening.withLock { _ in
      var transaction: OpaquePointer?
      var status = pages { mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &transaction) }
      guard status == 0, let transaction else { return status }
      var state = state.withLock { $0 }
      for definition in state.definitions where state.open[definition.name] == nil {
        var handle: MDB_dbi = 0
        status = pages { mdb_dbi_open(transaction, definition.name, definition.flags, &handle) }
        if status == 0 {
          state.open[definition.name] = Table(name: definition.name, key: definition.key, handle: handle)
        } else if status != MDB_NOTFOUND {
          mdb_txn_abort(transaction)
          return status
        }
      }
      state.tableCount = Self.tableCount(transaction)
      status = pages { mdb_txn_commit(transaction) }
      if status == 0 { publish(state.open, tableCount: state.tableCount) }
      return status
    }
  }

  /// How many tables the file has, as a transaction sees it. O(1).
  static func tableCount(_ transaction: OpaquePointer) -> Int? {
    var (main, statistics) = (MDB_dbi(), MDB_stat())
    let status = pages {
      let status = mdb_dbi_open(transaction, nil, 0, &main)
      return status == 0 ? mdb_stat(transaction, main, &statistics) : status
    }
    return status == 0 ? Int(statistics.ms_entries) : nil
  }

  fileprivate func publish(_ tables: [String: Table], tableCount: Int?) {
    state.withLock { state in
      state.open.merge(tables) { $1 }
      state.tableCount = tableCount
    }
  }

  fileprivate func hold() { opening.hold() }
  fileprivate func letGo() { opening.letGo() }
}

/// The optional tables as one transaction sees them. Used by one transaction, on its thread.
final class TransactionTables {
  private let owner: OptionalTables
  private(set) var open: [String: Table]
  /// Tables that this transaction makes.
  private var made: [String: Table] = [:]
  private var tableCount: Int?
  /// The number of tables when they were looked for, if some are not open; nil when all are.
  private let looked: Int??

  fileprivate init(_ owner: OptionalTables, open: [String: Table], looked: Int??) {
    self.owner = owner
    self.open = open
    self.looked = looked
  }

  /// Whether a table that is not open may have been made meanwhile.
  func mayLackTables(_ transaction: OpaquePointer) -> Bool {
    guard let looked else { return false }
    return looked == nil || looked != OptionalTables.tableCount(transaction)
  }

  /// Makes a table in a write transaction. - Returns: LMDB's status, and the table.
  func make(_ definition: TableDefinition, _ transaction: OpaquePointer) -> (status: Int32, table: Table?) {
    if let known = open[definition.name] { return (0, known) }
    if made.isEmpty { owner.hold() }
    var handle: MDB_dbi = 0
    let status = pages { mdb_dbi_open(transaction, definition.name, definition.flags | UInt32(MDB_CREATE), &handle) }
    guard status == 0 else {
      if made.isEmpty { owner.letGo() }
      return (status, nil)
    }
    let table = Table(name: definition.name, key: definition.key, handle: handle)
    made[definition.name] = table
    open[definition.name] = table
    tableCount = OptionalTables.tableCount(transaction)
    return (0, table)
  }

  /// To be called when the transaction has ended. Handles of tables that it made are gone unless it committed.
  func finish(isCommitted: Bool) {
    guard !made.isEmpty else { return }
    if isCommitted { owner.publish(made, tableCount: tableCount) }
    made = [:]
    owner.letGo()
  }
}

extension TableDefinition {
  /// LMDB's flags, without the one that makes it.
  var flags: UInt32 { key == .integer ? UInt32(MDB_INTEGERKEY) : 0 }
}
