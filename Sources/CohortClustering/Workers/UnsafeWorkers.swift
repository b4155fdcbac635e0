internal import CohortSystem

/// Threads that share the parts of a piece of work with the thread that asks for it. They start with the first piece that
/// is worth it and end with `end()`.
///
/// Which thread takes which part depends on timing, so parts must not depend on one another, and what they find has to be
/// put together in an order that does not show it, or in a way where order does not matter (sums of integers).
final class Workers: Sendable {
  private typealias Body = @Sendable (_ worker: Int, _ part: Int) throws -> Void

  private struct State {
    /// Lives as long as `run` waits.
    var body: Body?
    var parts = 0
    /// The next part that nobody has taken, and how many are done.
    var next = 0
    var done = 0
    /// The failure of the lowest part that failed.
    var failure: (part: Int, error: any Error)?
    var isOver = false
    var threads: [WorkThread] = []
  }

  /// Threads that work at the same time, the caller's included.
  let count: Int
  private let state = Locked(State())

  init(count: Int) { self.count = max(count, 1) }

  /// To be called by whoever made this object: its threads hold on to it.
  func end() {
    let running = state.change { state in
      state.isOver = true
      defer { state.threads = [] }
      return state.threads
    }
    for thread in running { thread.join() }
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
      state.change { state in
        start(&state)
        (state.body, state.parts, state.next, state.done, state.failure) = (body, parts, 0, 0, nil)
      }
      while let part = takePart() { perform(part, as: 0) }
      let failure = state.wait { state -> (part: Int, error: any Error)?? in
        guard state.done >= state.parts else { return nil }
        defer { (state.body, state.parts, state.failure) = (nil, 0, nil) }
        return .some(state.failure)
      }
      if let failure { throw failure.error }
    }
  }

  /// The next part; nil when there is none at the moment.
  private func takePart() -> Int? {
    state.withLock { state in
      guard state.next < state.parts else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  private func perform(_ part: Int, as worker: Int) {
    let failure = failure(of: part, as: worker)
    let isLast = state.withLock { state in
      state.done += 1
      if let failure, part < state.failure?.part ?? .max { state.failure = (part, failure) }
      // What was not begun counts as done.
      if state.failure != nil {
        state.done += state.parts - state.next
        state.next = state.parts
      }
      return state.done >= state.parts
    }
    // Only who ends the work wakes others: helpers that found nothing would wake one another for ever.
    if isLast { state.change { _ in } }
  }

  /// A function of its own, never inlined: when it returns, the thread no longer holds on to the work's body, which its
  /// caller only lent.
  @inline(never)
  private func failure(of part: Int, as worker: Int) -> (any Error)? {
    let body = state.withLock { $0.body }
    do {
      try body?(worker, part)
      return nil
    } catch {
      return error
    }
  }

  /// Starts the threads. A thread that the system refuses is done without: the others take its parts.
  private func start(_ state: inout State) {
    while state.threads.count < count - 1 {
      let number = state.threads.count + 1
      guard let thread = try? WorkThread({ self.serve(as: number) }) else { return }
      state.threads.append(thread)
    }
  }

  private func serve(as number: Int) {
    while true {
      let part = state.waitQuietly { state -> Int?? in
        if state.isOver { return .some(nil) }
        guard state.next < state.parts else { return nil }
        defer { state.next += 1 }
        return .some(state.next)
      }
      guard let part else { return }
      perform(part, as: number)
    }
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
