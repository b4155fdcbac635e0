public import CohortCore

/// A thread of the operating system: for work that blocks, or that must go on where Swift's task pool is busy, or gone
/// after a fork.
public final class WorkThread: Sendable {
  /// Nil once it was waited for.
  private let thread: Locked<pthread_t?>

  /// Starts a thread that runs `body` and ends with it.
  /// - Throws: `system.no-thread`.
  public init(stackBytes: Int = 8 << 20, _ body: @escaping @Sendable () -> Void) throws(CohortError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, stackBytes)
    defer { pthread_attr_destroy(&attributes) }
    #if canImport(Darwin)
      var started: pthread_t?
    #else
      var started = pthread_t()
    #endif
    let start = Unmanaged.passRetained(WorkThreadStart(body))
    let status = pthread_create(
      &started, &attributes,
      { argument in
        // On Linux the argument is optional.
        let argument: UnsafeMutableRawPointer? = argument
        guard let argument else { return nil }
        // Taken out first: what the body holds goes when the body ends.
        let body = Unmanaged<WorkThreadStart>.fromOpaque(argument).takeRetainedValue().body
        body()
        return nil
      }, start.toOpaque())
    guard status == 0 else {
      start.release()
      throw CohortError(.systemNoThread, "The system refused a thread", cause: Errno(status).text)
    }
    thread = Locked(started)
  }

  deinit {
    if let thread = thread.withLock({ $0 }) { pthread_detach(thread) }
  }

  /// Waits for the end of the thread.
  public func join() {
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    if let running { pthread_join(running, nil) }
  }

  /// Whether the caller runs on this thread.
  public var isCurrent: Bool { thread.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false } }
}

private final class WorkThreadStart {
  let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
