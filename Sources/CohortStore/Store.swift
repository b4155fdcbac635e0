public import CohortCore
internal import CohortLMDB
internal import CohortSystem

/// A store: one folder with samples, their columns, groups and the log of all that changed them.
///
/// Any number of processes may read; one owns the right to write (`Access.owner`). All methods are synchronous and may
/// be called from any thread; transactions are closures, short, and never nested.
///
/// ```swift
/// let store = try Store.open(at: "cohort")
/// let count = try store.read { $0.counters.live }
/// ```
public final class Store: Sendable {
  /// What the opening process may do.
  public enum Access: Hashable, Sendable {
    /// Reads beside other readers and an owner; `Store.write` throws `store.read-only`.
    case readOnly
    /// Takes the owner lock; `name` tells others who holds it.
    case owner(name: String)
    /// Writes beside the owner, which lends each turn through its `OwnerDoor`; `name` tells it who asks.
    case guest(name: String)
    /// A published copy that nobody writes: no locks, may lie on a network file system.
    case published
  }

  /// The store's folder, as it was given when the store was opened.
  public let path: String
  /// Random, given at creation: tells stores apart.
  public let id: Digest128
  /// Milliseconds since 1970, UTC.
  public let created: Int64
  /// What was fixed when the store was created.
  public let configuration: StoreConfiguration
  /// How this process opened the store.
  public let access: Access

  let environment: Environment
  let tables: StoreTables
  let optional: [OptionalTable]
  /// Snapshots that are being written in slices: their pieces are no remains.
  let draftsUnderWay = Locked<Set<UInt32>>([])
  /// How much work of this process follows each plan, by the plans' ids.
  let plansFollowed = Locked<[UInt32: Int]>([:])
  /// What other modules keep for this store.
  private let companions = Locked<[ObjectIdentifier: any AnyObject & Sendable]>([:])
  let codecs = PayloadCodecs()
  /// The writer's, of sources and tasks.
  let known = KnownNames()
  let clock: @Sendable () -> Int64
  private let writer = WriterThread()
  private let lock: OwnerLock?
  /// Who may write next; nil for those who only read.
  private let turns: (any WriteTurns)?

  /// Creates a store in folder `path`, which must not exist or be empty, and opens it for writing. What a creation that
  /// was killed left there is completed.
  /// - Parameters:
  ///   - id: tells stores apart; draw it at random.
  ///   - clock: milliseconds since 1970, for the log's times. Nothing is computed from them.
  ///   - begin: what the store has from its first transaction on, and what lies beside its data: it is created with all
  ///     of that, or not at all. May run again.
  public static func create(
    at path: String, id: Digest128 = SystemSources.randomDigest(), configuration: StoreConfiguration = .init(),
    owner: String = "cohort", mapSize: UInt64? = nil,
    clock: @escaping @Sendable () -> Int64 = SystemSources.milliseconds,
    begin: (borrowing WriteTransaction) throws -> Void = { _ in }
  ) throws -> Store {
    try StoreFolder.create(path)
    let lock = try OwnerLock(folder: path, owner: owner)
    var options = StoreFolder.options(mapSize: mapSize)
    options.createsTables = true
    let environment = try EnvironmentRegistry.environment(
      at: path, tables: StoreTables.definitions + StoreTables.optional.map(\.definition), options: options)
    let tables = try StoreTables(environment)
    let identity = StoreIdentity(id: id, created: clock(), configuration: configuration)
    let writer = WriterThread()
    defer { writer.stop() }
    try writer.perform {
      try environment.write { transaction in
        // Empty tables are what a creation leaves that was cut short. Anything else is a store, be it a damaged one.
        guard try tables.areEmpty(in: transaction) else {
          throw StoreFolder.exists(path)
        }
        StoreFolder.clearCompanions(path)
        let format = StoreFormat.Record(configuration.isExtended ? [StoreFormat.recipes] : [])
        try format.encode().withUnsafeBytes { try transaction.put(tables.meta, StoreFormat.key, $0) }
        try identity.encode().withUnsafeBytes { try transaction.put(tables.meta, StoreIdentity.key, $0) }
        try IdentityDirectory().encode().withUnsafeBytes {
          try transaction.put(tables.meta, IdentityDirectory.key, $0)
        }
        var counters = StoreCounters()
        counters.lastSequence = LogSequence(1)
        // As every transaction finds them; the end of this one numbers them anew.
        counters.transaction = transaction.number - 1
        try counters.encode().withUnsafeBytes { try transaction.put(tables.meta, StoreCounters.key, $0) }
        let entry = LogEntry(
          sequence: LogSequence(1), time: identity.created,
          event: LogEvent.StoreCreated(id: id, configuration: configuration))
        try entry.encode().withUnsafeBytes { try transaction.put(tables.log, 1, $0) }
        let first = try WriteTransaction(
          transaction, tables: tables, codecs: PayloadCodecs(), configuration: configuration,
          clock: { identity.created })
        try begin(first)
        try first.finish()
      }
    }
    // The file's name must be as durable as what is in it.
    try StoreFolder.synchronize(path)
    return try Store(
      path: path, environment: environment, tables: tables, optional: StoreTables.optional,
      access: .owner(name: owner), lock: lock, turns: WriteSchedule(owner: owner), clock: clock)
  }

  /// Opens an existing store.
  /// - Parameter turnChanged: of a guest, called with true before it waits for a turn and with false after the turn: stopped
  ///   in between, the process would keep all others from writing.
  /// - Throws: `store.owned` when another process has the right to write, `store.newer-format`,
  ///   `lmdb.network-file-system`, `lmdb.truncated`, `lmdb.no-store`; for guests `store.owner-silent`.
  public static func open(
    at path: String, access: Access = .readOnly, mapSize: UInt64? = nil,
    clock: @escaping @Sendable () -> Int64 = SystemSources.milliseconds,
    turnChanged: @escaping @Sendable (Bool) -> Void = { _ in }
  ) throws -> Store {
    try open(
      at: path, access: access, mapSize: mapSize, clock: clock, optional: nil, turnChanged: turnChanged)
  }

  /// The same for a program that knows other optional tables, or has another patience.
  package static func open(
    at path: String, access: Access = .readOnly, mapSize: UInt64? = nil,
    clock: @escaping @Sendable () -> Int64 = SystemSources.milliseconds, optional known: [OptionalTable]? = nil,
    turnPatience: Double = WriteSchedule.turnPatience,
    turnChanged: @escaping @Sendable (Bool) -> Void = { _ in }
  ) throws -> Store {
    try StoreFolder.check(path)
    let optional = known ?? StoreTables.optional
    var lock: OwnerLock?
    var turns: (any WriteTurns)?
    switch access {
    case .owner(let name):
      lock = try OwnerLock(folder: path, owner: name)
      turns = WriteSchedule(owner: name, turnPatience: turnPatience)
    case .guest(let name): turns = try GuestPass(store: path, name: name, turnChanged: turnChanged)
    case .readOnly, .published: break
    }
    var options = StoreFolder.options(mapSize: mapSize)
    options.readOnly = turns == nil
    options.withoutLocks = access == .published
    let environment = try EnvironmentRegistry.environment(
      at: path, tables: StoreTables.definitions + optional.map(\.definition), options: options)
    let store = try Store(
      path: path, environment: environment, tables: try StoreTables(environment), optional: optional, access: access,
      lock: lock, turns: turns, clock: clock)
    // Whoever writes goes on from the last commit, not from the one before.
    if let turns, try !store.isSettled() { try store.writer.perform(within: turns) { try store.settle() } }
    return store
  }

  private init(
    path: String, environment: Environment, tables: StoreTables, optional: [OptionalTable], access: Access,
    lock: OwnerLock?, turns: (any WriteTurns)?, clock: @escaping @Sendable () -> Int64
  ) throws {
    let identity = try environment.read { transaction in
      guard let format = try transaction.get(tables.meta, StoreFormat.key),
        let identity = try transaction.get(tables.meta, StoreIdentity.key)
      else {
        guard try tables.areEmpty(in: transaction) else {
          throw CohortError.missing("The store's identity record")
        }
        throw CohortError(.storeNoStore, "The folder holds no store", place: path, hint: "Create one with cohort init")
      }
      try StoreFormat.Record(format).check(path: path, known: StoreFormat.features + optional.map(\.feature))
      return try StoreIdentity(identity)
    }
    self.path = path
    self.environment = environment
    self.tables = tables
    self.optional = optional
    self.access = access
    self.lock = lock
    self.turns = turns
    self.clock = clock
    id = identity.id
    created = identity.created
    configuration = identity.configuration
  }

  deinit { writer.stop() }

  /// Runs `body` on a consistent state of the whole store. Buffers are valid only inside `body`.
  public func read<R>(_ body: (borrowing ReadTransaction) throws -> R) throws -> R {
    try environment.read { unsafe in
      try body(ReadTransaction(unsafe, base: unsafe.number, tables: tables, codecs: codecs))
    }
  }

  /// Runs `body` in a transaction on the writer thread and commits durably: when this returns, the changes survive a
  /// power cut. An error thrown by `body` undoes all of them. So does it when the store's folder was deleted, moved or
  /// replaced since it was opened (`lmdb.replaced`, `store.lock-replaced`).
  ///
  /// `body` may run again (the map grew); it must not keep state from an earlier run.
  public func write<R>(_ body: (borrowing WriteTransaction) throws -> R) throws -> R {
    guard let turns else { throw readOnlyError }
    return try writer.perform(within: turns) {
      let (result, newNames) = try environment.write { unsafe in
        let transaction = try WriteTransaction(
          unsafe, tables: tables, codecs: codecs, configuration: configuration, known: known, clock: clock)
        let result = try body(transaction)
        try transaction.finish()
        try checkPlace()
        return (result, transaction.state.newNames)
      }
      known.add(newNames)
      return result
    }
  }

  /// Keeps others from the same kind of work while `body` runs; others may write meanwhile. Holds are never nested.
  /// - Parameter patience: seconds to wait for whoever has it; nil for as long as it takes. A guest waits as long.
  /// - Throws: `store.busy` when the patience ends, `store.stopping`; what `body` throws.
  public func holding<R>(_ holds: [Hold], patience: Double? = nil, _ body: () throws -> R) throws -> R {
    guard let first = holds.first else { return try body() }
    guard let turns else { throw readOnlyError }
    return try turns.holding(first, patience: patience) {
      try holding(Array(holds.dropFirst()), patience: patience, body)
    }
  }

  /// The order in which an owner's store is written; nil for others.
  public var schedule: WriteSchedule? { turns as? WriteSchedule }

  /// Whether the store's path leads to what this process has open: somebody can delete, move or replace the folder, and what
  /// is read and written after that is not what others find there.
  /// - Throws: `lmdb.replaced`, `store.lock-replaced`.
  /// - Complexity: a few system calls, microseconds.
  public func checkPlace() throws(CohortError) {
    try environment.checkPlace()
    try lock?.checkPlace()
  }

  /// Whether this process may write the store.
  public var mayWrite: Bool { turns != nil }

  /// Begins to lend turns to guests.
  /// - Throws: `store.door`; `store.read-only` unless this process owns the store.
  public func openDoor() throws -> OwnerDoor {
    guard let schedule else { throw readOnlyError }
    return try OwnerDoor(store: path, schedule) { [weak self] in
      guard let self else { return }
      try? writer.perform { try settle() }
    }
  }

  /// Whether readers see the last commit there is.
  private func isSettled() throws -> Bool {
    let last = try environment.statistics().lastTransaction
    return try environment.read { $0.number } >= last
  }

  /// Shows readers the commit of a process that was killed when it had written it and before it could say so: LMDB's next
  /// writer does that when it begins. Changes nothing.
  private func settle() throws { try environment.write { _ in } }

  /// Closes the store's file and opens it again, when no transaction of this process is under way: what LMDB refuses after
  /// a failed write of a meta page, and what a disk reported, may be gone then.
  public func reopen() throws { try environment.reopen() }

  /// What another module keeps for this store as long as it is open: one value of a type, made when it is first asked for.
  package func companion<T: AnyObject & Sendable>(_ make: () -> T) -> T {
    companions.withLock { companions in
      if let known = companions[ObjectIdentifier(T.self)] as? T { return known }
      let new = make()
      companions[ObjectIdentifier(T.self)] = new
      return new
    }
  }

  /// How many records of sources and tasks this process has read to be sure that new names are new.
  package var nameRecordsRead: UInt64 { known.recordsRead }

  /// Clears the slots of readers that died without saying so. - Returns: how many.
  @discardableResult
  public func clearDeadReaders() throws -> Int { try environment.checkReaders() }

  /// How many commits behind the newest state the oldest active reader, of any process, is; nil when nobody reads. Pages
  /// that a reader can see are not reused, so a reader that stays behind makes the data file grow.
  public func readerLag() throws -> UInt64? { try environment.readerLag() }

  /// Sizes of the data file and its map.
  public func sizes() throws -> StoreSizes {
    let statistics = try environment.statistics()
    let allocated = (try? SystemCall.status(of: StoreLayout(path).data))?.allocated
    return StoreSizes(
      mapBytes: statistics.mapSize, fileBytes: statistics.usedBytes, diskBytes: allocated.map { UInt64($0) },
      pageBytes: statistics.pageSize,
      readers: statistics.readers, freeDiskBytes: FileSystemKind.freeBytes(ofFolder: path))
  }

  /// Copies a consistent state into the folder `destination`, which must not exist or be empty, without free pages.
  /// Readers and the writer go on meanwhile. The copy is a store with the same id.
  ///
  /// When this returns, the copy is durable; when it throws, there is none. A folder that it did not finish is no store.
  /// - Parameter completing: puts the files that belong beside the data into the folder that it is given, durably. That
  ///   folder can be opened as a store meanwhile; what it throws ends the backup.
  public func backup(to destination: String, completing: (_ copy: String) throws -> Void = { _ in }) throws {
    let copy = try UnfinishedCopy(in: destination)
    do {
      try environment.copy(toFolder: copy.parts, compacting: true)
      try completing(copy.parts)
      try copy.finish()
    } catch {
      copy.remove()
      throw error
    }
  }

  /// Erases what the file still holds of removed values, payloads of deleted samples above all, and gives free pages back to
  /// the disk where the file system can do that: the file is as long as before, and has holes. Readers of an older state keep what they see; run it again when they are done. (A dictionary that was trained with a deleted sample
  /// keeps what it learnt from it.)
  /// - Complexity: O(bytes of the file).
  public func eraseRemains() throws -> ErasedRemains {
    guard let turns else { throw readOnlyError }
    var report = ErasedRemains(pages: 0, gaps: 0, inUse: 0, areGivenBack: false)
    // One more transaction, so that the pages which the last one freed are free for good. It may take a free page and give
    // it back unused, and then that one is out of reach: hence twice.
    for _ in 0..<2 {
      try write { _ in }
      let erased = try writer.perform(within: turns) { try environment.eraseRemains() }
      report.pages = max(report.pages, erased.pages)
      report.gaps += erased.gaps
      report.inUse = erased.inUse
      report.areGivenBack = erased.areGivenBack
    }
    return report
  }

  private var readOnlyError: CohortError {
    CohortError(.storeReadOnly, "The store is open for reading only", place: path, hint: "Open it as its owner")
  }
}

/// What was erased.
public struct ErasedRemains: Hashable, Sendable {
  /// Free pages that are zero now.
  public var pages: UInt64
  /// Pages in use whose unused bytes are zero now.
  public var gaps: UInt64
  /// Free pages that a reader of an older state still sees.
  public var inUse: UInt64
  /// Whether the disk has the free pages back; otherwise they were overwritten.
  public var areGivenBack: Bool
}

/// What a store takes.
public struct StoreSizes: Hashable, Sendable {
  /// Bytes of address space that the data file is mapped into: how far it can grow before the map does.
  public var mapBytes: UInt64
  /// Bytes of the data file in use, free pages included.
  public var fileBytes: UInt64
  /// Bytes of disk that the data file takes: less than its length where free pages were given back. Nil when the system does
  /// not tell.
  public var diskBytes: UInt64?
  /// Bytes of one page, the unit in which the file grows and is rewritten.
  public var pageBytes: UInt64
  /// Highest number of reader slots in use.
  public var readers: Int
  /// Free bytes of the file system that holds the folder; nil when the system does not tell.
  public var freeDiskBytes: UInt64?
}
