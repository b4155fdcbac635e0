public import CohortCore
public import CohortStore
internal import GRDB
internal import CohortSystem

/// How a catalog is kept.
public struct CatalogOptions: Hashable, Sendable {
  /// Log entries applied in one transaction.
  public var sliceLength: Int
  /// The file may not grow beyond this.
  public var maximumBytes: Int?

  /// Options that are kept as they are, but for impossible ones.
  /// - Parameters:
  ///   - sliceLength: at least 1; smaller values are taken as 1.
  ///   - maximumBytes: nil for no limit but the disk's.
  public init(sliceLength: Int = 1000, maximumBytes: Int? = nil) {
    self.sliceLength = max(sliceLength, 1)
    self.maximumBytes = maximumBytes
  }
}

/// The log of a store as tables, for questions in SQL: `catalog.sqlite` in the store's folder.
///
/// A projection: all of it is computed from the log, it knows how far it has come, and it can be deleted at any time. A
/// catalog that does not fit its store (another store's, ahead of it, of another release, damaged) is deleted and made
/// anew; `opening` and the results of `catchUp` and `rebuild` say so.
///
/// One process at a time writes the file, mostly the one that owns the store. Any other process reads it, and when it is behind, missing or unusable,
/// works on a private copy in memory that it brings up to date itself: what is read is current either way.
///
/// ```swift
/// let catalog = try Catalog(of: store)
/// let result = try catalog.query("SELECT name, inserted FROM sources ORDER BY inserted DESC")
/// ```
///
/// May be used from any thread; catching up and copying are done one at a time.
public final class Catalog: Sendable {
  /// Name of the catalog's file in the store's folder.
  public static let fileName = "catalog.sqlite"

  /// The file, whether or not this process uses it.
  public let path: String
  /// How the catalog is kept; fixed when it is opened.
  public let options: CatalogOptions
  /// What opening did.
  public let opening: CatalogRefresh
  let storeID: Digest128
  let base: Locked<CatalogBase>

  /// Opens the catalog of a store and brings it up to date.
  /// - Complexity: O(1) when it is up to date, else linear in the entries to apply: about 10,000 a second.
  /// - Throws: `catalog.disk-full`, `catalog.not-writable`, `catalog.unreadable-entry`; what reading the store throws.
  public init(of store: Store, options: CatalogOptions = CatalogOptions()) throws {
    let path = StoreLayout(store.path).catalog
    let (base, opening) = try CohortError.describing(path) { try CatalogBase.open(path, store, options) }
    self.path = path
    self.options = options
    self.opening = opening
    storeID = store.id
    self.base = Locked(base)
  }

  /// Opens the file of a store's catalog for reading, if it shows all of the store's log.
  /// - Returns: nil when it is missing, behind or unusable: `init(of:options:)` mends that.
  /// - Complexity: O(1), and a walk through a file of up to 32 MiB for damage.
  public init?(current store: Store, options: CatalogOptions = CatalogOptions()) throws {
    let path = StoreLayout(store.path).catalog
    guard let (base, opening) = try CatalogBase.openCurrent(path, store) else { return nil }
    self.path = path
    self.options = options
    self.opening = opening
    storeID = store.id
    self.base = Locked(base)
  }

  /// Opens the catalog of a store for questions, and leaves its file alone, whoever owns the store: somebody else in this
  /// process may be writing it. What the file does not show yet is applied to a copy in memory.
  /// - Complexity: O(1) when the file is up to date, else linear in its size.
  public init(reading store: Store, options: CatalogOptions = CatalogOptions()) throws {
    let path = StoreLayout(store.path).catalog
    let (base, opening) = try CohortError.describing(path) {
      try CatalogBase.open(path, store, options, mayWrite: false)
    }
    self.path = path
    self.options = options
    self.opening = opening
    storeID = store.id
    self.base = Locked(base)
  }

  /// Makes the catalog of a store anew, because what is there is damaged where nobody had looked before: the file if this
  /// process may write it and nobody else does, else a copy in memory.
  package init(rebuilding store: Store, options: CatalogOptions = CatalogOptions()) throws {
    let path = StoreLayout(store.path).catalog
    let (base, opening) = try CohortError.describing(path) { try CatalogBase.openAnew(path, store, options) }
    self.path = path
    self.options = options
    self.opening = opening
    storeID = store.id
    self.base = Locked(base)
  }

  /// Applies the entries that came since. Cheap when there are none.
  @discardableResult
  public func catchUp(from store: Store) throws -> CatalogRefresh {
    try check(store)
    return try CohortError.describing(path) { try base.withLock { try $0.catchUp(path, store, options) } }
  }

  /// Forgets everything and applies the whole log again. The content comes out the same.
  /// - Throws: `catalog.read-only` when this process only reads the file.
  @discardableResult
  public func rebuild(from store: Store) throws -> CatalogRefresh {
    try check(store)
    return try CohortError.describing(path) {
      try base.withLock { base in
        guard base.isWriter else { throw CohortError.readOnly(path) }
        return try base.rebuild(path, store, options, because: .requested)
      }
    }
  }

  /// How often the tables were made anew.
  var edition: Int { base.withLock { $0.edition } }

  /// Makes the tables anew because a question met damage in them: the file for its writer, else in memory.
  /// - Parameter edition: `CatalogReader.edition` of the question. When they were made anew since, nothing is done.
  /// - Returns: nil when nothing was done.
  func mend(from store: Store, _ edition: Int) throws -> CatalogRefresh? {
    try check(store)
    return try CohortError.describing(path) {
      try base.withLock { base in
        guard base.edition == edition else { return nil }
        return try base.rebuild(path, store, options, because: .damaged)
      }
    }
  }

  /// A connection to tables made anew, after a question met damage: the file where this process writes it or nobody does, else
  /// a copy in memory.
  /// - Parameter damaged: what the question had; nil where it got none.
  package func mendedReader(of store: Store, after damaged: CatalogReader?) throws -> CatalogReader {
    guard isWriter else { return try Catalog(rebuilding: store, options: options).reader() }
    _ = try mend(from: store, damaged?.edition ?? edition)
    return try reader()
  }

  /// Brings the file of a store's catalog to the end of the log, as anybody may who can write in the folder. Does nothing
  /// where another process writes it.
  /// - Throws: as `init(of:options:)`.
  public static func publish(of store: Store, options: CatalogOptions = CatalogOptions()) throws {
    let path = StoreLayout(store.path).catalog
    guard let lock = DerivedFileLock.take(besides: path, seconds: 0) else { return }
    try CohortError.describing(path) { _ = try CatalogBase.openToWrite(path, store, options, lock) }
  }

  /// Whether this process writes the file; else it reads it, or a copy in memory.
  public var isWriter: Bool { base.withLock { $0.isWriter } }

  /// One hash over all rows of all tables: equal for catalogs with the same content.
  /// - Complexity: O(content).
  public func contentDigest() throws -> Digest128 {
    try CohortError.describing(path) { try base.withLock { try $0.queue.read(CatalogDigest.of) } }
  }

  /// Looks through the whole file for damage.
  /// - Returns: what SQLite found, nothing when it is sound.
  /// - Complexity: O(content).
  public func verify() throws -> [String] {
    try CohortError.describing(path) {
      try base.withLock { base in
        try base.queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check(100)") }.filter { $0 != "ok" }
      }
    }
  }

  private func check(_ store: Store) throws {
    guard store.id == storeID else {
      throw CohortError(
        .catalogOtherStore, "The catalog belongs to another store", place: path, hint: "Open the catalog of that store")
    }
  }
}

extension CohortError {
  /// Runs `body` and gives SQLite's errors their place and meaning.
  static func describing<R>(_ path: String, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw CohortError(error, path: path)
    }
  }
}
