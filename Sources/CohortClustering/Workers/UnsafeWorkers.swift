#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Threads that share the parts of a piece of work with the thread that asks for it. They start with the first piece that
/// is worth it and end with this object.
///
/// Which thread takes which part depends on timing, so parts must not depend on one another, and what they find has to be
/// put together in an order that does not show it, or in a way where order does not matter (sums of integers).
///
/// Guard of the unchecked conformance: every access to the variables below holds `mutex`. `body` lives as long as `run`
/// waits.
final class Workers: @unchecked Sendable {
  /// Threads that work at the same time, the caller's included.
  let count: Int

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var threads: [pthread_t] = []
  private var body: (@Sendable (Int, Int) throws -> Void)?
  private var parts = 0
  /// The next part that nobody has taken, and how many are done.
  private var next = 0
  private var done = 0
  /// The failure of the lowest part that failed.
  private var failure: (part: Int, error: any Error)?
  private var isOver = false

  init(count: Int) {
    self.count = max(count, 1)
    mutex = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  /// To be called by whoever made this object: its threads hold on to it.
  func end() {
    pthread_mutex_lock(mutex)
    isOver = true
    let running = threads
    threads = []
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
    for thread in running { pthread_join(thread, nil) }
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Calls `body` with every part below `parts`, and with the number of the worker that runs it, below `count`: a worker
  /// runs one part at a time. Returns when all are done.
  /// - Parameter isWorthwhile: false runs everything on the calling thread, as worker 0.
  /// - Throws: what `body` throws for the lowest part that fails; parts not begun by then are left out.
  func run(parts: Int, isWorthwhile: Bool, _ body: @Sendable (_ worker: Int, _ part: Int) throws -> Void) throws {
    guard isWorthwhile, count > 1, parts > 1 else {
      for part in 0..<max(parts, 0) { try body(0, part) }
      return
    }
    try withoutActuallyEscaping(body) { body in
      pthread_mutex_lock(mutex)
      start()
      self.body = body
      self.parts = parts
      next = 0
      done = 0
      failure = nil
      pthread_cond_broadcast(changed)
      work(as: 0)
      while done < self.parts { pthread_cond_wait(changed, mutex) }
      let failure = failure
      self.failure = nil
      self.body = nil
      self.parts = 0
      pthread_mutex_unlock(mutex)
      if let failure { throw failure.error }
    }
  }

  /// Takes parts until there are none. The mutex is held before and after.
  private func work(as worker: Int) {
    guard next < parts else { return }
    while next < parts {
      let part = next
      next += 1
      pthread_mutex_unlock(mutex)
      let error = perform(part, as: worker)
      pthread_mutex_lock(mutex)
      done += 1
      if let error, part < failure?.part ?? .max { failure = (part, error) }
      // What was not begun counts as done.
      if failure != nil {
        done += parts - next
        next = parts
      }
    }
    // Only who ran a part wakes others: helpers that found none would wake one another for ever.
    if done >= parts { pthread_cond_broadcast(changed) }
  }

  /// A function of its own, never inlined: when it returns, the thread no longer holds on to `body`.
  @inline(never)
  private func perform(_ part: Int, as worker: Int) -> (any Error)? {
    pthread_mutex_lock(mutex)
    let body = body
    pthread_mutex_unlock(mutex)
    do {
      try body?(worker, part)
      return nil
    } catch let error {
      return error
    }
  }

  private final class Launch {
    let workers: Workers
    let number: Int

    init(_ workers: Workers, _ number: Int) {
      self.workers = workers
      self.number = number
    }
  }

  /// Starts the threads. A thread that the system refuses is done without: the others take its parts.
  private func start() {
    while threads.count < count - 1 {
      #if canImport(Darwin)
        var started: pthread_t?
      #else
        var started = pthread_t()
      #endif
      let launch = Unmanaged.passRetained(Launch(self, threads.count + 1))
      let status = pthread_create(
        &started, nil,
        { argument in
          // On Linux the argument is optional.
          let argument: UnsafeMutableRawPointer? = argument
          guard let argument else { return nil }
          let launch = Unmanaged<Launch>.fromOpaque(argument).takeRetainedValue()
          launch.workers.serve(as: launch.number)
          return nil
        }, launch.toOpaque())
      guard status == 0 else { return launch.release() }
      #if canImport(Darwin)
        if let started { threads.append(started) }
      #else
        threads.append(started)
      #endif
    }
  }

  private func serve(as number: Int) {
    pthread_mutex_lock(mutex)
    while !isOver {
      work(as: number)
      if !isOver, next >= parts { pthread_cond_wait(changed, mutex) }
    }
    pthread_mutex_unlock(mutex)
  }
}

extension Workers {
  /// The results of `body` for `0 ..< count`, in order.
  /// - Parameter grain: how many a worker takes at a time.
  func map<T: Sendable>(
    _ count: Int, grain: Int = 1, isWorthwhile: Bool, _ body: @Sendable (_ worker: Int, _ index: Int) throws -> T
  ) throws -> [T] {
    let parts = (count + grain - 1) / grain
    // Each part has a place of its own.
    nonisolated(unsafe) let slices = UnsafeMutableBufferPointer<[T]>.allocate(capacity: parts)
    slices.initialize(repeating: [])
    defer {
      slices.deinitialize()
      slices.deallocate()
    }
    try run(parts: parts, isWorthwhile: isWorthwhile) { worker, part in
      slices[part] = try ((part * grain)..<min((part + 1) * grain, count)).map { try body(worker, $0) }
    }
    return slices.flatMap { $0 }
  }
}
