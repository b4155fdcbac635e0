internal import CohortSystem

/// The right of a process to write a file that is derived from the store, the catalog's or that of the full-text index: `flock`
/// on a file beside it, `catalog.lock` for `catalog.sqlite`. Whoever owns the store may have it, and so
/// may a guest or a reader, so that nobody needs the right to write the store for a question. Within a process SQLite keeps
/// writers apart.
final class DerivedFileLock: Sendable {
  private struct Held: Sendable {
    weak var lock: DerivedFileLock?
  }

  /// Those that this process has, by its number and the file.
  private static let held = Locked<[String: Held]>([:])

  private let descriptor: Int32

  /// The lock that this process has already, or a new one.
  /// - Parameter seconds: to wait for another process that has it.
  /// - Returns: nil when it still has it then, or when this process may not write beside the file.
  static func take(besides file: String, seconds: Double) -> DerivedFileLock? {
    let (path, key) = place(of: file)
    let end = SystemClock.steady + Int64(seconds * 1e9)
    while true {
      let lock = held.withLock { held -> DerivedFileLock? in
        if let lock = held[key]?.lock { return lock }
        let lock = DerivedFileLock(path)
        if let lock { held[key] = Held(lock: lock) }
        return lock
      }
      if lock != nil || SystemClock.steady >= end { return lock }
      usleep(10_000)
    }
  }

  /// A new lock, where nobody has one, in this process or another.
  static func takeUnshared(besides file: String) -> DerivedFileLock? {
    let (path, key) = place(of: file)
    return held.withLock { held -> DerivedFileLock? in
      guard held[key]?.lock == nil, let lock = DerivedFileLock(path) else { return nil }
      held[key] = Held(lock: lock)
      return lock
    }
  }

  /// Where the lock of a file lies, and by what this process remembers it.
  private static func place(of file: String) -> (path: String, key: String) {
    let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
    let name = file.split(separator: "/").last?.split(separator: ".").first ?? "derived"
    return ("\(folder)/\(name).lock", "\(getpid()) \(SystemCall.resolved(folder) ?? folder)/\(name)")
  }

  /// - Returns: nil when somebody has it, or when this process may not write beside the file.
  private init?(_ path: String) {
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
