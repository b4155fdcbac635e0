internal import CLMDB
package import CohortCore
internal import CohortSystem

/// An open LMDB environment: one memory map, its tables, and the only two ways into it, `read` and `write`.
///
/// There is at most one environment a path and process (`EnvironmentRegistry`). It must not be used in a forked child.
/// Tables are opened with it; those that are optional (`TableDefinition.isOptional`) when they are there, else with the first
/// transaction after the one that made them, of whatever process.
///
/// Guard of the unchecked conformance: `pointer` is used inside `gate.shared` and replaced inside `gate.exclusive`; all
/// else never changes after `init`. LMDB's own locks serialise transactions, `MDB_NOTLS` frees readers from their thread,
/// and `gate` keeps transactions out while the map is resized. All writes come from one thread (`WriterThread`), because
/// LMDB's writer lock belongs to a thread.
package final class Environment: @unchecked Sendable {
  package struct Options: Hashable, Sendable {
    /// Size of the sparse map in bytes. Address space, not disk.
    package var mapSize: UInt64 = 1 << 40
    /// How many readers, over all processes, may be active.
    package var maximumReaders: UInt32 = 1024
    package var readOnly = false
    /// For a published copy that nobody writes: no lock file, may lie on a network file system.
    package var withoutLocks = false
    /// Makes the tables that are missing: for a new store only.
    package var createsTables = false

    package init() {}
  }

  package let path: String
  package let options: Options
  /// How often a transaction is tried again because the map is too small for it or has changed.
  static let attempts = 24

  /// How many optional tables an environment can open.
  private static let roomForOptional: UInt32 = 16
  /// Not a status of LMDB: there may be more tables than are open.
  private static let otherTables = Int32.min

  /// Nil after a failed attempt to open it again.
  private var pointer: OpaquePointer?
  /// The same folder as `path`, whatever becomes of the process' own.
  private let absolutePath: String
  /// What is open, by the numbers of the files.
  let place: OpenPlace
  private let gate = ReadWriteGate()
  private let definitions: [TableDefinition]
  private let tables: [String: Table]
  private let optional: OptionalTables
  private let layout: PageLayout
  /// Whether the meta page tells of tables, ours or others.
  private let hasTables: Bool
  /// The process that opened it: a forked child must not touch it, not even to close it.
  private let process: Int32

  /// Opens the environment in folder `path`.
  init(path: String, tables definitions: [TableDefinition], options: Options) throws {
    self.path = path
    self.options = options
    self.definitions = definitions.filter { !$0.isOptional }
    optional = OptionalTables(definitions.filter(\.isOptional))
    process = getpid()
    if case .network(let kind) = try FileSystemKind(ofFolder: path), !options.withoutLocks {
      throw CohortError(
        .lmdbNetworkFileSystem, "A store cannot live on a \(kind) file system", place: path,
        cause: "memory maps and locks do not hold across a network",
        hint: "Keep the store on a local disk; a published copy can be opened read-only without locks")
    }
    absolutePath = SystemCall.absolute(path)
    nameForDamage(absolutePath)
    try MetaPage.check(dataFile: path + "/data.mdb")
    let environment = try Self.openEnvironment(path, tables: definitions.count, options)
    do {
      place = try OpenPlace(environment, path: absolutePath, hasLocks: !options.withoutLocks)
      tables = try Self.openTables(self.definitions, environment, path: path, options)
      var statistics = MDB_stat()
      try Self.check(mdb_env_stat(environment, &statistics), "looking at the store", path)
      layout = PageLayout(pageSize: Int(statistics.ms_psize))
      hasTables = statistics.ms_entries > 0
    } catch {
      mdb_env_close(environment)
      throw error
    }
    pointer = environment
  }

  /// Closes the environment. Only `EnvironmentRegistry` calls it, when nobody uses the environment any more.
  func close() {
    guard getpid() == process else { return }
    mdb_env_close(pointer)
  }

  deinit { EnvironmentRegistry.close(self) }

  /// Below this, a map is not worth trying.
  private static let smallestMap: UInt64 = 64 << 20

  /// Opens LMDB's environment with the greatest map that the process may have: address space can be limited.
  private static func openEnvironment(_ path: String, tables: Int, _ options: Options) throws -> OpaquePointer {
    var mapSize = options.mapSize
    while true {
      do {
        return try openEnvironment(path, tables: tables, options, mapSize: mapSize)
      } catch let error as CohortError where error.code == .lmdbNoMemory && mapSize / 2 >= smallestMap {
        mapSize /= 2
      }
    }
  }

  private static func openEnvironment(
    _ path: String, tables: Int, _ options: Options, mapSize: UInt64
  ) throws -> OpaquePointer {
    var environment: OpaquePointer?
    try check(mdb_env_create(&environment), "creating an environment", path)
    guard let environment else { throw CohortError.lmdb(ENOMEM, doing: "creating an environment", place: path) }
    do {
      try check(mdb_env_set_mapsize(environment, Int(clamping: mapSize)), "setting the map size", path)
      try check(mdb_env_set_assert(environment) { _, text in tellOfAssertion(text) }, "setting the assertions", path)
      try check(mdb_env_set_maxreaders(environment, options.maximumReaders), "setting the readers", path)
      try check(mdb_env_set_maxdbs(environment, UInt32(tables) + roomForOptional), "setting the tables", path)
      var flags = UInt32(MDB_NOTLS) | UInt32(MDB_NORDAHEAD)
      if options.readOnly { flags |= UInt32(MDB_RDONLY) }
      if options.withoutLocks { flags |= UInt32(MDB_NOLOCK) }
      try check(pages { mdb_env_open(environment, path, flags, 0o600) }, "opening the store", path)
      var dead: Int32 = 0
      mdb_reader_check(environment, &dead)
      return environment
    } catch {
      mdb_env_close(environment)
      throw error
    }
  }

  private static func check(_ status: Int32, _ action: String, _ path: String) throws {
    guard status != 0 else { return }
    throw CohortError.lmdb(status, doing: action, place: path)
  }

  private static func openTables(
    _ definitions: [TableDefinition], _ environment: OpaquePointer, path: String, _ options: Options
  ) throws -> [String: Table] {
    var transaction: OpaquePointer?
    try check(
      pages { mdb_txn_begin(environment, nil, options.createsTables ? 0 : UInt32(MDB_RDONLY), &transaction) },
      "opening the tables", path)
    var tables: [String: Table] = [:]
    for definition in definitions {
      var handle: MDB_dbi = 0
      let flags = definition.flags | (options.createsTables ? UInt32(MDB_CREATE) : 0)
      let status = pages { mdb_dbi_open(transaction, definition.name, flags, &handle) }
      if status == 0 {
        tables[definition.name] = Table(name: definition.name, key: definition.key, handle: handle)
      } else if status != MDB_NOTFOUND {
        mdb_txn_abort(transaction)
        try check(status, "opening table \(definition.name)", path)
      }
    }
    try check(pages { mdb_txn_commit(transaction) }, "opening the tables", path)
    return tables
  }

  /// Tells of further optional tables, for the transactions that begin from now on.
  func add(optional definitions: [TableDefinition]) { optional.add(definitions) }

  /// An open table. All tables of a store but the optional ones are made at once: a file that has some and lacks this one
  /// is damaged where the tables are listed.
  package func table(_ name: String) throws -> Table {
    guard let table = tables[name] else {
      if hasTables {
        throw CohortError(
          .lmdbMissingTable, "Table \(name) is missing", place: path,
          cause: "the page that lists the tables is damaged, or the file is no store", hint: "Restore the last backup")
      }
      throw CohortError(
        .lmdbNoTable, "The folder holds no store: table \(name) is missing", place: path,
        hint: "Create a store with cohort init")
    }
    return table
  }

  /// Runs `body` on a consistent state of all tables. Buffers are valid only inside `body`. Keep it short: pages that a
  /// reader can see are not reused.
  package func read<R>(_ body: (UnsafeTransaction) throws -> R) throws -> R {
    let transaction = try beginReading()
    defer { endReading(transaction) }
    return try body(transaction)
  }

  /// Begins to read a consistent state of all tables, for work that does not fit into a closure. `endReading` must follow,
  /// on any thread; until then the map keeps its size.
  func beginReading() throws -> UnsafeTransaction {
    try checkProcess()
    for _ in 0..<Self.attempts {
      gate.enter()
      let tables = optional.snapshot()
      var transaction: OpaquePointer?
      var status = begin(UInt32(MDB_RDONLY), &transaction)
      if status == 0, let transaction {
        if !tables.mayLackTables(transaction) {
          return UnsafeTransaction(pointer: transaction, place: path, layout: layout, optional: tables)
        }
        mdb_txn_abort(transaction)
        status = Self.otherTables
      }
      gate.leave()
      try recover(from: status, "starting to read")
    }
    throw CohortError.lmdb(MDB_MAP_RESIZED, doing: "starting to read", place: path)
  }

  /// Ends what `beginReading` began. In a forked child it does nothing: the parent's slot of readers is not its own.
  func endReading(_ transaction: UnsafeTransaction) {
    guard getpid() == process else { return }
    mdb_txn_abort(transaction.pointer)
    gate.leave()
  }

  /// Runs `body` in a write transaction and commits durably; an error thrown by `body` undoes everything. When the map
  /// is full it is doubled and `body` runs again, so `body` must not have effects outside the transaction that cannot be
  /// repeated.
  ///
  /// Nothing is committed into files that are not in their place any more, and nothing counts as committed that lies in such
  /// files a moment later: both throw `lmdb.replaced`.
  ///
  /// Call it on one thread only, for the life of the environment.
  package func write<R>(_ body: (UnsafeTransaction) throws -> R) throws -> R {
    try checkProcess()
    for _ in 0..<Self.attempts {
      do {
        let (status, result): (Int32, R?) = try gate.shared { try attempt(body) }
        if let result { return result }
        try recover(from: status, "starting to write")
      } catch let error as CohortError where error.code == .lmdbMapFull {
        try growMap()
      }
    }
    throw CohortError.lmdb(MDB_MAP_FULL, doing: "growing the map", place: path)
  }

  /// - Returns: 0 and the result, or the status with which the transaction could not even begin.
  private func attempt<R>(_ body: (UnsafeTransaction) throws -> R) throws -> (Int32, R?) {
    // Changed pages are in memory: what a damaged one makes LMDB write beyond them shows later.
    try pages { try attemptOnPages(body) }
  }

  private func attemptOnPages<R>(_ body: (UnsafeTransaction) throws -> R) throws -> (Int32, R?) {
    let tables = optional.snapshot()
    var transaction: OpaquePointer?
    var status = begin(0, &transaction)
    guard status == 0, let transaction else { return (status, nil) }
    if tables.mayLackTables(transaction) {
      mdb_txn_abort(transaction)
      return (Self.otherTables, nil)
    }
    let result: R
    do {
      result = try body(UnsafeTransaction(pointer: transaction, place: path, layout: nil, optional: tables))
      try place.check()
    } catch {
      mdb_txn_abort(transaction)
      tables.finish(isCommitted: false)
      throw error
    }
    status = pages { mdb_txn_commit(transaction) }
    tables.finish(isCommitted: status == 0)
    try Self.check(status, "committing", path)
    try place.check()
    return (0, result)
  }

  private func begin(_ flags: UInt32, _ transaction: inout OpaquePointer?) -> Int32 {
    pointer == nil ? MDB_PANIC : pages { mdb_txn_begin(pointer, nil, flags, &transaction) }
  }

  /// After a transaction that could not begin: makes another attempt worth while, or throws.
  private func recover(from status: Int32, _ action: String) throws {
    switch status {
    case MDB_MAP_RESIZED: try adoptMapSize()
    case MDB_PANIC: try reopen()
    case Self.otherTables: try gate.shared { try Self.check(optional.openMissing(pointer), "opening the tables", path) }
    default: try Self.check(status == 0 ? ENOMEM : status, action, path)
    }
  }

  /// LMDB refuses an environment after a failed write of a meta page, for good. The file is whole: the older meta page
  /// still stands.
  package func reopen() throws {
    try gate.exclusive {
      try place.check()
      // First this: two environments of one process on the same file break each other's locks.
      mdb_env_close(pointer)
      pointer = nil
      optional.forget()
      let environment = try Self.openEnvironment(absolutePath, tables: definitions.count, options)
      do {
        // Another store may have come there meanwhile: what is known of this one does not hold for it.
        try place.check()
        guard try OpenPlace(environment, path: absolutePath, hasLocks: !options.withoutLocks).isSame(as: place) else {
          throw CohortError(.lmdbReplaced, "The store was replaced while it was opened again", place: path)
        }
        guard try Self.openTables(definitions, environment, path: path, options) == tables else {
          throw CohortError.lmdb(MDB_PANIC, doing: "opening the store again", place: path)
        }
      } catch {
        mdb_env_close(environment)
        throw error
      }
      pointer = environment
    }
  }

  /// Whether the path of the environment leads to the files that it has open.
  /// - Throws: `lmdb.replaced` when it does not.
  /// - Complexity: three system calls.
  package func checkPlace() throws(CohortError) { try place.check() }

  /// Lends LMDB's handle. Call it inside a transaction, so that the handle stays what it is.
  func withPointer<R>(_ body: (OpaquePointer?) throws -> R) rethrows -> R { try body(pointer) }

  /// Keeps LMDB's handle what it is while `body` runs.
  func holdingHandle<R>(_ body: () throws -> R) rethrows -> R { try gate.shared(body) }

  private func checkProcess() throws {
    guard getpid() == process else {
      throw CohortError(
        .lmdbForked, "The store was opened before this process was forked", place: path,
        hint: "Open the store in the child")
    }
  }

  private func growMap() throws {
    try gate.exclusive {
      var information = MDB_envinfo()
      try Self.check(mdb_env_info(pointer, &information), "looking at the map", path)
      let (size, overflow) = information.me_mapsize.multipliedReportingOverflow(by: 2)
      guard !overflow, size <= Int.max, mdb_env_set_mapsize(pointer, size) == 0 else {
        throw CohortError.lmdb(MDB_MAP_FULL, doing: "growing the map", place: path)
      }
    }
  }

  private func adoptMapSize() throws {
    try gate.exclusive { try Self.check(mdb_env_set_mapsize(pointer, 0), "adopting the new map size", path) }
  }

  /// Clears the slots of readers that died. - Returns: how many there were.
  @discardableResult
  package func checkReaders() throws -> Int {
    try gate.shared {
      var dead: Int32 = 0
      try Self.check(mdb_reader_check(pointer, &dead), "checking the readers", path)
      return Int(dead)
    }
  }

  /// What the environment takes and holds.
  package func statistics() throws -> EnvironmentStatistics {
    try gate.shared {
      var information = MDB_envinfo()
      var statistics = MDB_stat()
      try Self.check(mdb_env_info(pointer, &information), "looking at the map", path)
      try Self.check(mdb_env_stat(pointer, &statistics), "looking at the store", path)
      return EnvironmentStatistics(
        mapSize: UInt64(information.me_mapsize), pageSize: UInt64(statistics.ms_psize),
        usedBytes: (UInt64(information.me_last_pgno) + 1) * UInt64(statistics.ms_psize),
        lastTransaction: UInt64(information.me_last_txnid), readers: Int(information.me_numreaders))
    }
  }

  /// Copies a consistent state into the empty folder `destination` while others read and write; `compacting` leaves out
  /// free pages. The copy is not durable before it is synchronised.
  package func copy(toFolder destination: String, compacting: Bool) throws {
    try checkProcess()
    try gate.shared {
      try Self.check(
        pages { mdb_env_copy2(pointer, destination, compacting ? UInt32(MDB_CP_COMPACT) : 0) }, "copying the store",
        destination)
    }
  }
}

/// Sizes and counters of an environment.
package struct EnvironmentStatistics: Hashable, Sendable {
  package var mapSize: UInt64
  package var pageSize: UInt64
  /// Bytes of the data file in use, free pages included.
  package var usedBytes: UInt64
  package var lastTransaction: UInt64
  /// Highest number of reader slots in use.
  package var readers: Int
}
