internal import CohortCore
internal import CohortSystem

/// The environments that this process has open, by the identity of their folder. Opening one twice in a process breaks
/// LMDB's locks, so a second call gets the first one's environment. Each process has its own table: a forked child
/// opens anew.
package enum EnvironmentRegistry {
  private struct Key: Hashable, Sendable {
    var process: Int32
    var device: UInt64
    var inode: UInt64
  }

  private struct Entry: Sendable {
    weak var environment: Environment?
    /// Tells environments apart when the weak reference is gone.
    var identity: ObjectIdentifier
  }

  private static let open = Locked<[Key: Entry]>([:])

  /// A child must not inherit the lock held by a thread that it does not have.
  private static let isSafeToFork: Void = {
    pthread_atfork({ open.hold() }, { open.letGo() }, { open.letGo() })
  }()

  /// The environment in folder `path`, opened if this process has not opened it yet.
  ///
  /// An environment that is open for reading only, or without locks, is no good for those who need more: that is an
  /// error, not a second map.
  package static func environment(
    at path: String, tables: [TableDefinition], options: Environment.Options
  ) throws -> Environment {
    _ = isSafeToFork
    let status = try CohortError.lmdb(doing: "opening the store", place: path) { () throws(Errno) in
      try SystemCall.status(of: path)
    }
    let key = Key(process: getpid(), device: status.device, inode: status.inode)
    while true {
      let found: Environment? = try open.withLock { entries in
        guard let entry = entries[key] else {
          let environment = try Environment(path: path, tables: tables, options: options)
          entries[key] = Entry(environment: environment, identity: ObjectIdentifier(environment))
          return environment
        }
        // Without an environment: its last user is about to close it. Opening a second one now would break its locks.
        guard let known = entry.environment, (try? known.checkPlace()) == nil else { return entry.environment }
        // The number of a folder that was deleted is given again, and its content can be replaced. Who has the old files open
        // keeps them; nothing can be done with them but reading.
        guard !known.place.keepsLock else { return known }
        let environment = try Environment(path: path, tables: tables, options: options)
        entries[key] = Entry(environment: environment, identity: ObjectIdentifier(environment))
        return environment
      }
      guard let found else {
        usleep(100)
        continue
      }
      try check(found.options, suffice: options, path)
      found.add(optional: tables.filter(\.isOptional))
      return found
    }
  }

  private static func check(_ have: Environment.Options, suffice want: Environment.Options, _ path: String) throws {
    guard want.readOnly || !have.readOnly else {
      throw CohortError(
        .lmdbOpenReadOnly, "This process already has the store open for reading only", place: path,
        hint: "Close it before opening it for writing")
    }
    guard want.withoutLocks || !have.withoutLocks else {
      throw CohortError(
        .lmdbOpenWithoutLocks, "This process already has the store open without locks", place: path,
        hint: "Close it first")
    }
  }

  /// Closes an environment that nobody holds any more: while it does, nobody opens the folder.
  static func close(_ environment: Environment) {
    let identity = ObjectIdentifier(environment)
    open.withLock { entries in
      environment.close()
      for (key, entry) in entries where entry.identity == identity { entries[key] = nil }
    }
  }
}
