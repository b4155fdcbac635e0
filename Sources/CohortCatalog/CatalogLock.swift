internal import CohortSystem

/// The right of a process to write a catalog's file: `flock` on a file beside it. Whoever owns the store may have it, and so
/// may a guest or a reader, so that nobody needs the right to write the store for a question. Within a process SQLite keeps
/// writers apart.
final class CatalogLock: Sendable {
  private struct Held: Sendable {
    weak var lock: CatalogLock?
  }

  /// Those that this process has, by its number and the file.
  private static let held = Locked<[String: Held]>([:])

  private let descriptor: Int32

  /// The lock that this process has already, or a new one.
  /// - Parameter seconds: to wait for another process that has it.
  /// - Returns: nil when it still has it then, or when this process may not write beside the catalog.
  static func take(besides catalog: String, seconds: Double) -> CatalogLock? {
    let folder = catalog.lastIndex(of: "/").map { String(catalog[..<$0]) } ?? "."
    let key = "\(getpid()) \(SystemCall.resolved(folder) ?? folder)"
    let end = SystemClock.steady + Int64(seconds * 1e9)
    while true {
      let lock = held.withLock { held -> CatalogLock? in
        if let lock = held[key]?.lock { return lock }
        let lock = CatalogLock(in: folder)
        if let lock { held[key] = Held(lock: lock) }
        return lock
      }
      if lock != nil || SystemClock.steady >= end { return lock }
      usleep(10_000)
    }
  }

  /// A new lock, where nobody has one, in this process or another.
  static func takeUnshared(besides catalog: String) -> CatalogLock? {
    let folder = catalog.lastIndex(of: "/").map { String(catalog[..<$0]) } ?? "."
    let key = "\(getpid()) \(SystemCall.resolved(folder) ?? folder)"
    return held.withLock { held -> CatalogLock? in
      guard held[key]?.lock == nil, let lock = CatalogLock(in: folder) else { return nil }
      held[key] = Held(lock: lock)
      return lock
    }
  }

  /// - Returns: nil when somebody has it, or when this process may not write beside the catalog.
  private init?(in folder: String) {
    let path = StoreLayout(folder).catalogLock
    guard let descriptor = try? SystemCall.open(path, O_RDWR | O_CREAT | O_NOFOLLOW) else { return nil }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      SystemCall.close(descriptor)
      return nil
    }
    self.descriptor = descriptor
  }

  deinit {
    // Closing alone would leave it locked while a child that is just being spawned still has the descriptor.
    _ = flock(descriptor, LOCK_UN)
    SystemCall.close(descriptor)
  }
}
