internal import CohortCore
internal import CSQLiteGuard
package import CohortSearch
public import CohortStore
internal import CohortSystem
package import CohortTables
internal import GRDB

/// The full-text index of a store: `search.sqlite` in its folder, a table of FTS5 without contents, so that no text is there
/// twice.
///
/// It is derived from the samples and the log's deletions, knows how far it has come, and is made anew when it does not fit its
/// store, is damaged or gone, or when more than a fifth of what it holds was deleted since. Anybody who may write in the folder
/// brings it forward, a slice at a time, each in one transaction under a lock of its own: whoever is killed leaves an index that
/// is behind, and never one that is wrong.
public enum SearchIndex {
  /// What was done to bring an index forward.
  public struct Advance: Hashable, Sendable {
    /// Why it was made anew; nil when what was there could be used.
    public var rebuilt: CatalogRefresh.Reason?
    /// Samples that were looked at, deleted ones included.
    public var indexed: UInt64 = 0
    /// Samples that it does not show yet.
    public var waiting: UInt64 = 0
    /// Somebody else brings it forward at the moment, or this process may not write it: nothing was done.
    public var isBusy = false
    /// Whether there may be more to do.
    public internal(set) var isUnfinished = false
  }

  /// Files that a thread of this process brings forward.
  private static let active = Locked<Set<String>>([])

  // MARK: Bringing it forward

  /// Brings the index of a store forward by one slice: some samples, or 4 MiB of words.
  /// - Parameters:
  ///   - samples: the most of a slice.
  ///   - patience: seconds to wait for somebody else who does that.
  /// - Throws: `search.disk-full`, `search.not-writable`, `search.failed`; what reading the store throws.
  public static func advance(_ store: Store, samples: UInt64 = 2048, patience: Double = 0) throws -> Advance {
    let path = StoreLayout(store.path).search
    return try describing(path) {
      try alone(path, patience) { try advance(path, store, samples) }
        ?? Advance(waiting: waiting(of: store), isBusy: true)
    }
  }

  /// Brings the index of a store to its end, slice by slice.
  /// - Parameters:
  ///   - shouldStop: asked before each slice.
  ///   - report: told of each slice: samples that were looked at, and all that were to be.
  public static func follow(
    _ store: Store, shouldStop: () -> Bool = { false }, report: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws -> Advance {
    var sum = Advance(isUnfinished: true)
    while sum.isUnfinished, !shouldStop() {
      let step = try advance(store)
      sum.rebuilt = sum.rebuilt ?? step.rebuilt
      sum.indexed += step.indexed
      (sum.waiting, sum.isBusy, sum.isUnfinished) = (step.waiting, step.isBusy, step.isUnfinished)
      if step.indexed > 0 { report(sum.indexed, sum.indexed + sum.waiting) }
    }
    return sum
  }

  /// Samples that the index does not show; all of them where there is none that can be used.
  public static func waiting(of store: Store) throws -> UInt64 {
    try routines.get()
    let position = try? SearchPosition.ofFile(StoreLayout(store.path).search)
    let next = try store.read { try $0.counters.nextSample }
    guard let position, try position.misfit(store) == nil else { return next }
    return next - min(position.next, next)
  }

  /// Deletes the index, with all words that it holds: also those of samples that are deleted.
  /// - Returns: whether there was one.
  /// - Throws: `search.busy` when somebody else still brings it forward after 30 seconds; `search.not-writable`.
  @discardableResult
  public static func remove(of store: Store) throws -> Bool {
    let path = StoreLayout(store.path).search
    let removed = try alone(path, 30) { () -> Bool in
      let wasThere = DerivedFile.exists(path)
      try DerivedFile.remove(path, "search index", .searchNotWritable)
      return wasThere
    }
    if let removed { return removed }
    guard DerivedFile.exists(path) else { return false }
    throw CohortError(
      .searchBusy, "The search index still holds words of deleted samples", place: path,
      cause: "another process writes it, or this one may not", hint: "Delete the file; cohort update makes it anew")
  }

  /// Runs `body` while nobody else writes the file.
  /// - Returns: nil when somebody else does, or when this process may not.
  private static func alone<R>(_ path: String, _ patience: Double, _ body: () throws -> R) throws -> R? {
    let end = SystemClock.steady + Int64(patience * 1e9)
    while !active.withLock({ $0.insert(path).inserted }) {
      guard SystemClock.steady < end else { return nil }
      usleep(10_000)
    }
    defer { active.withLock { _ = $0.remove(path) } }
    let left = max(Double(end - SystemClock.steady) / 1e9, 0)
    guard let lock = DerivedFileLock.take(besides: path, seconds: left) else { return nil }
    return try withExtendedLifetime(lock) { try body() }
  }

  private static func advance(_ path: String, _ store: Store, _ samples: UInt64) throws -> Advance {
    try routines.get()
    var reason = CatalogRefresh.Reason.missing
    if DerivedFile.exists(path) {
      do {
        let position = try SearchPosition.ofFile(path)
        let queue = try open(path)
        defer { try? queue.close() }
        if let misfit = try position?.misfit(store) {
          reason = CatalogRefresh.Reason(rawValue: misfit) ?? .otherSchema
        } else if let position, position.isOutgrown {
          reason = .deletions
        } else {
          return try apply(SearchSlice(after: position, samples, store), position, queue, store)
        }
      } catch let error as DatabaseError where error.isDamage {
        reason = .damaged
      } catch let error as CohortError where error.code == .searchDamaged {
        reason = .damaged
      }
      try DerivedFile.remove(path, "search index", .searchNotWritable)
    }
    let queue = try open(path)
    defer { try? queue.close() }
    try queue.write { try $0.execute(sql: schema) }
    var advance = try apply(SearchSlice(after: nil, samples, store), nil, queue, store)
    advance.rebuilt = reason
    return advance
  }

  private static func open(_ path: String) throws -> DatabaseQueue {
    try CheckedPages.begin()
    return try DatabaseQueue(
      path: path,
      configuration: DerivedFile.writable { database in
        try CheckedPages.reserve(database)
        // After a power cut it may be behind; it is never damaged by that.
        try database.execute(sql: "PRAGMA synchronous = NORMAL")
      })
  }

  /// The tables; `Schemas/search.sql` says what is in them.
  package static let schema = """
    CREATE TABLE search_state (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      store_id TEXT NOT NULL,
      rules INTEGER NOT NULL,
      applied_sequence INTEGER NOT NULL,
      applied_mark TEXT NOT NULL,
      next_sample INTEGER NOT NULL,
      samples INTEGER NOT NULL,
      words INTEGER NOT NULL,
      dead INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE sample_sizes (chunk INTEGER PRIMARY KEY, words BLOB NOT NULL) STRICT;
    CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, tokenize='ascii');
    """

  private static func apply(
    _ slice: SearchSlice, _ before: SearchPosition?, _ queue: DatabaseQueue, _ store: Store
  ) throws -> Advance {
    var advance = Advance(indexed: UInt64(slice.sizes.count), waiting: slice.waiting)
    advance.isUnfinished = slice.waiting > 0 || !slice.isLast
    guard !slice.isEmpty else { return advance }
    try queue.write { database in
      var position =
        before
        ?? SearchPosition(store: "\(store.id)", rules: SearchRules.version, applied: slice.applied, mark: slice.mark)
      var sizes = SearchSizes(database)
      for id in slice.deleted {
        let size = try sizes.replace(id, with: 0)
        guard size > 0 else { continue }
        position.samples -= min(position.samples, 1)
        position.words -= min(position.words, UInt64(size))
        position.dead += 1
      }
      let insert = try database.cachedStatement(sql: "INSERT INTO words (rowid, text) VALUES (?, ?)")
      for (id, words) in slice.texts { try insert.execute(arguments: [Int64(clamping: id), words]) }
      for (offset, size) in slice.sizes.enumerated() {
        _ = try sizes.replace(slice.first + UInt64(offset), with: size)
        position.words += UInt64(size)
      }
      position.samples += UInt64(slice.texts.count)
      position.next = slice.first + UInt64(slice.sizes.count)
      (position.applied, position.mark) = (slice.applied, slice.mark)
      try sizes.write()
      try position.write(database)
      if position.isOutgrown { advance.isUnfinished = true }
    }
    return advance
  }

  // MARK: Searching

  /// The routines of the SQLite that this program is linked with, given once.
  static let routines = Result<Void, any Error> {
    try TableRegistration.use(cohort_sqlite_routines())
    // By these routines the index is read, too.
    try CheckedPages.begin()
  }

  /// Searches a state of a store by its index; see `SearchReading`.
  package static func reading(
    _ query: SearchQuery, of store: Store, _ transaction: borrowing ReadTransaction,
    mustStop: @escaping () -> Bool
  ) throws -> SearchReading {
    try routines.get()
    return try SearchReading(query, of: store, transaction, mustStop: mustStop)
  }

  /// Runs `body` and gives SQLite's errors their place and meaning.
  private static func describing<R>(_ path: String, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw CohortError(search: error, path)
    }
  }
}

extension SearchPosition {
  /// Whether more than a fifth of the rows are of deleted samples: then the index is made anew.
  fileprivate var isOutgrown: Bool { dead * 5 > samples + dead }
}

extension SearchSlice {
  fileprivate init(after position: SearchPosition?, _ samples: UInt64, _ store: Store) throws {
    self = try store.read { try SearchSlice($0, after: position, most: samples) }
  }
}

extension CohortError {
  fileprivate init(search error: DatabaseError, _ path: String) {
    let cause = error.message ?? "SQLite code \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL:
      self.init(
        .searchDiskFull, "There is no room for the search index", place: path, cause: cause,
        hint: "The store has kept everything; free some space, and the index catches up by itself")
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
      self.init(
        .searchNotWritable, "The search index cannot be written", place: path, cause: cause,
        hint: "Check the owner and mode of the folder and of the file")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(.searchBusy, "The search index is in use", place: path, cause: cause, hint: "Try again")
    default:
      self.init(.searchFailed, "SQLite refused an operation on the search index", place: path, cause: cause)
    }
  }
}
