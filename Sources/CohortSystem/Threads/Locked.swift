/// A value behind a lock of the C library, and a place to wait until it has changed. The one lock of the program:
/// `Synchronization.Mutex` on Linux is a futex that the thread sanitizer does not know, and Foundation's are not for the
/// read path.
///
/// ```swift
/// let queue = Locked<[Job]>([])
/// queue.change { $0.append(job) }                      // wakes those who wait
/// let next = queue.wait { $0.isEmpty ? nil : $0.removeFirst() }
/// ```
///
/// Guard of the unchecked conformance: `mutex`, at a stable address, is held whenever `value` is used.
public final class Locked<Value>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var value: Value

  /// Takes the value over: from here on it is used only inside the closures below.
  public init(_ value: sending Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    #if canImport(Darwin)
      pthread_cond_init(changed, nil)
    #else
      // Deadlines follow a clock that nobody sets.
      var attributes = pthread_condattr_t()
      pthread_condattr_init(&attributes)
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
      pthread_cond_init(changed, &attributes)
      pthread_condattr_destroy(&attributes)
    #endif
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Lends the value to `body`, to nobody else meanwhile. Nobody who waits is woken.
  public func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }

  /// Lends the value to `body`, and then wakes all who wait.
  @discardableResult
  public func change<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }
    return try body(&value)
  }

  /// Asks `body` now and after each change, until it gives a value; others who wait are woken then.
  public func wait<R>(_ body: (inout Value) throws -> R?) rethrows -> R {
    let result = try waitQuietly(body)
    pthread_cond_broadcast(changed)
    return result
  }

  /// The same, but wakes nobody: for those whose taking makes nothing possible for others.
  public func waitQuietly<R>(_ body: (inout Value) throws -> R?) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = try body(&value) { return result }
      pthread_cond_wait(changed, mutex)
    }
  }

  /// As `wait`, for some seconds at most.
  /// - Returns: nil when `body` gave no value in time; it is asked at least once.
  public func wait<R>(seconds: Double, _ body: (inout Value) throws -> R?) rethrows -> R? {
    #if canImport(Darwin)
      let now = SystemClock.wall
    #else
      let now = SystemClock.steady
    #endif
    let end = now + Int64(min(max(seconds, 0), 1e9) * 1e9)
    var deadline = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    var isOver = false
    while true {
      if let result = try body(&value) {
        pthread_cond_broadcast(changed)
        return result
      }
      if isOver { return nil }
      isOver = pthread_cond_timedwait(changed, mutex, &deadline) != 0
    }
  }

  /// Takes the lock until `letGo`, for `pthread_atfork`: a child that is forked meanwhile finds the value whole, and the
  /// lock its own.
  package func hold() { pthread_mutex_lock(mutex) }

  package func letGo() { pthread_mutex_unlock(mutex) }
}
