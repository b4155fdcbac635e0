internal import CohortCore
internal import CohortStore
internal import CohortSystem
internal import GRDB

/// Where a catalog's tables are, and what may be done with them.
struct CatalogBase {
  enum Placement {
    /// The file, by whoever has the lock.
    case file(DerivedFileLock)
    /// The file as its owner left it, read-only.
    case publishedFile
    /// A copy of this process, in memory.
    case memory
  }

  var queue: DatabaseQueue
  var placement: Placement
  /// The last entry that the tables were seen to show.
  private(set) var applied = LogSequence.none
  /// How often the tables were made anew.
  private(set) var edition = 0
  /// The number of the schema that was found to be this release's.
  private var checkedSchema: Int64?
  /// Whether tables that this process found in a file have yet to be compared with one another.
  private var isUnproved: Bool

  /// - Parameter isFound: whether the tables were there before; those that are made now are filled by this process.
  init(queue: DatabaseQueue, placement: Placement, isFound: Bool = false) {
    self.queue = queue
    self.placement = placement
    isUnproved = isFound
  }

  /// A new connection to the tables, for reading.
  /// - Throws: an error of damage where this process writes the file, and so can make it anew.
  func reader(_ path: String) throws -> DatabaseQueue {
    // Who writes the file may have begun to make it anew since it was looked at: then it is gone, or has no tables yet; or
    // another file took its place while it was opened, and the log beside it belongs to that one.
    if !isPrivate, let opened = DatabaseFileIdentity(path) {
      do {
        let reader = try CatalogFile.connect(path)
        if let position = try reader.read(CatalogPosition.read), position.applied >= applied, opened.holds(path) {
          return reader
        }
      } catch let error as DatabaseError where isWriter && error.isDamage {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: error.message)
      } catch {}
    }
    let copy = try DatabaseQueue()
    try queue.backup(to: copy)
    return copy
  }

  /// Whether the tables are this process' own.
  private var isPrivate: Bool {
    if case .memory = placement { return true }
    return false
  }

  /// Whether this process writes the file.
  var isWriter: Bool {
    if case .file = placement { return true }
    return false
  }

  /// - Parameter mayWrite: whether whoever may write the store writes the file.
  static func open(
    _ path: String, _ store: Store, _ options: CatalogOptions, mayWrite: Bool = true
  ) throws -> (CatalogBase, CatalogRefresh) {
    if mayWrite, store.mayWrite, let lock = DerivedFileLock.take(besides: path, seconds: Self.lockPatience) {
      return try openToWrite(path, store, options, lock)
    }
    var reason = CatalogRefresh.Reason.missing
    if DerivedFile.exists(path) {
      do {
        var base = CatalogBase(queue: try CatalogFile.openReadOnly(path), placement: .publishedFile, isFound: true)
        let refresh = try base.catchUp(path, store, options)
        return (base, refresh)
      } catch let error as DatabaseError {
        reason = error.isDamage ? .damaged : .unreadable
      } catch is CatalogFile.Replaced {
      } catch  where !DerivedFile.exists(path) {
        // It is just being made anew.
      }
    }
    var base = CatalogBase(queue: try CatalogFile.openMemory(), placement: .memory)
    let refresh = try base.follow(store, options, rebuilt: reason)
    return (base, refresh)
  }

  /// Empty tables that are filled with all of the log, in place of a file that is damaged.
  static func openAnew(
    _ path: String, _ store: Store, _ options: CatalogOptions
  ) throws -> (CatalogBase, CatalogRefresh) {
    // Who keeps the file in this process has the same lock, and connections to the file.
    if let lock = DerivedFileLock.takeUnshared(besides: path) {
      try DerivedFile.remove(path, "catalog", .catalogNotWritable)
      var base = CatalogBase(queue: try CatalogFile.make(path, options), placement: .file(lock))
      return (base, try base.follow(store, options, rebuilt: .damaged))
    }
    var base = CatalogBase(queue: try CatalogFile.openMemory(), placement: .memory)
    return (base, try base.follow(store, options, rebuilt: .damaged))
  }

  /// The file, read-only; nil when it is not there, cannot be used or is behind.
  static func openCurrent(_ path: String, _ store: Store) throws -> (CatalogBase, CatalogRefresh)? {
    guard DerivedFile.exists(path) else { return nil }
    do {
      var base = CatalogBase(queue: try CatalogFile.openReadOnly(path), placement: .publishedFile, isFound: true)
      guard try base.misfit(store) == nil, let applied = try base.position()?.applied,
        try applied >= store.read({ try $0.counters.lastSequence })
      else { return nil }
      let refresh = base.refresh(rebuilt: nil, entries: 0, applied: applied)
      return (base, refresh)
    } catch is DatabaseError {
      return nil
    } catch is CatalogFile.Replaced {
      return nil
    } catch  where !DerivedFile.exists(path) {
      return nil
    }
  }

  /// Seconds to wait for another process that writes the file.
  private static let lockPatience = 5.0

  static func openToWrite(
    _ path: String, _ store: Store, _ options: CatalogOptions, _ lock: DerivedFileLock
  ) throws -> (CatalogBase, CatalogRefresh) {
    var reason: CatalogRefresh.Reason?
    if DerivedFile.exists(path) {
      do {
        var base = CatalogBase(queue: try CatalogFile.open(path, options), placement: .file(lock), isFound: true)
        reason = try base.misfit(store)
        if reason == nil {
          let refresh = try base.catchUp(path, store, options)
          return (base, refresh)
        }
        try base.queue.close()
      } catch let error as DatabaseError where error.isDamage {
        reason = .damaged
      }
      try DerivedFile.remove(path, "catalog", .catalogNotWritable)
    } else {
      reason = .missing
    }
    var base = CatalogBase(queue: try CatalogFile.make(path, options), placement: .file(lock))
    let refresh = try base.follow(store, options, rebuilt: reason)
    return (base, refresh)
  }

  /// Brings the tables up to date with the store, in place where that may be.
  mutating func catchUp(_ path: String, _ store: Store, _ options: CatalogOptions) throws -> CatalogRefresh {
    do {
      if let reason = try misfit(store) { return try rebuild(path, store, options, because: reason) }
      if case .publishedFile = placement {
        let last = try store.read { try $0.counters.lastSequence }
        let applied = try position()?.applied ?? .none
        if applied >= last { return refresh(rebuilt: nil, entries: 0, applied: applied) }
        let copy = try CatalogFile.openMemory()
        try queue.backup(to: copy)
        self = CatalogBase(queue: copy, placement: .memory)
      }
      return try follow(store, options, rebuilt: nil)
    } catch let error as DatabaseError where error.isDamage {
      return try rebuild(path, store, options, because: .damaged)
    }
  }

  /// Starts from nothing: in the file for its writer, in memory for others.
  mutating func rebuild(
    _ path: String, _ store: Store, _ options: CatalogOptions, because reason: CatalogRefresh.Reason
  ) throws -> CatalogRefresh {
    let next = edition + 1
    defer { edition = next }
    switch placement {
    case .file(let lock):
      try? queue.close()
      try DerivedFile.remove(path, "catalog", .catalogNotWritable)
      self = CatalogBase(queue: try CatalogFile.make(path, options), placement: .file(lock))
    case .publishedFile, .memory:
      self = CatalogBase(queue: try CatalogFile.openMemory(), placement: .memory)
    }
    return try follow(store, options, rebuilt: reason)
  }

  /// Applies the log slice by slice, each in one transaction that also says how far it came.
  private mutating func follow(
    _ store: Store, _ options: CatalogOptions, rebuilt: CatalogRefresh.Reason?
  ) throws -> CatalogRefresh {
    var applied = try position()?.applied ?? .none
    var entries: UInt64 = 0
    let name = "\(store.id)"
    while true {
      let slice = try store.read { try LogSlice($0, after: applied, limit: options.sliceLength) }
      if !slice.items.isEmpty {
        try queue.write { database in
          var position: CatalogPosition?
          for item in slice.items { position = try Projector(database: database, item: item).apply(store: name) }
          try position?.write(database)
        }
        applied = slice.items.last?.entry.sequence ?? applied
        entries += UInt64(slice.items.count)
      }
      if slice.isLast { return refresh(rebuilt: rebuilt, entries: entries, applied: applied) }
    }
  }

  private func position() throws -> CatalogPosition? { try queue.read(CatalogPosition.read) }

  /// Why the tables cannot be brought up to date with this store; nil when they can.
  private mutating func misfit(_ store: Store) throws -> CatalogRefresh.Reason? {
    // SQLite counts the changes of a schema: what was looked at need not be looked at again.
    let version = try queue.read { try Int64.fetchOne($0, sql: "PRAGMA schema_version") }
    if version == nil || version != checkedSchema {
      guard try queue.read(CatalogSchema.isCurrent) else { return .otherSchema }
      checkedSchema = version
    }
    guard let position = try position() else { return nil }
    guard position.store == "\(store.id)" else { return .otherStore }
    let reason = try store.read { transaction -> CatalogRefresh.Reason? in
      guard try position.applied <= transaction.counters.lastSequence else { return .ahead }
      guard let entry = try transaction.entry(position.applied), try LogMark.of(entry) == position.mark else {
        return .otherHistory
      }
      return nil
    }
    guard reason == nil, isUnproved else { return reason }
    isUnproved = false
    return try queue.read(CatalogFile.contradiction) == nil ? nil : .damaged
  }

  private mutating func refresh(
    rebuilt: CatalogRefresh.Reason?, entries: UInt64, applied: LogSequence
  ) -> CatalogRefresh {
    self.applied = applied
    return CatalogRefresh(rebuilt: rebuilt, entries: entries, applied: applied, isPrivate: isPrivate)
  }
}

extension DatabaseError {
  /// The file's bytes are at fault: not the disk, not the rights, not somebody else.
  var isDamage: Bool {
    switch resultCode {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT, .SQLITE_SCHEMA: true
    // Tables or columns that are not there.
    case .SQLITE_ERROR: true
    default: false
    }
  }
}
