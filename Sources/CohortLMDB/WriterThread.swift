internal import CohortCore
internal import CohortSystem

/// One operating-system thread that runs all write transactions of an environment, one after the other, in the order
/// they were asked for. Callers wait for their result.
package final class WriterThread: Sendable {
  /// A piece of work that its caller waits for.
  private final class Job {
    /// Borrows what the caller's stack holds: gone before the caller goes on.
    private var work: (() -> Void)?
    let number: UInt64

    init(number: UInt64, work: @escaping () -> Void) {
      self.number = number
      self.work = work
    }

    @inline(never)
    func run() {
      work?()
      work = nil
    }
  }

  private struct State {
    var waiting: [Job] = []
    var added: UInt64 = 0
    var done: UInt64 = 0
    /// Whether a job runs: the thread that follows one which was stopped waits for its last job.
    var isBusy = false
    var thread: WorkThread?
    /// The number of the thread that shall run; a thread of an older one ends.
    var generation: UInt64 = 0
  }

  private let state = Locked(State())

  package init() {}

  /// Runs `body` on the thread and waits for it. Errors come back to the caller. The thread starts with the first call.
  ///
  /// Must not be called from within another `perform`: a write inside a write is a programmer error.
  /// - Throws: `system.no-thread` when the system refuses a thread, and what `body` throws.
  package func perform<R>(_ body: () throws -> R) throws -> R {
    var result: Result<R, any Error>?
    try withoutActuallyEscaping(body) { body in
      try withUnsafeMutablePointer(to: &result) { result in
        nonisolated(unsafe) let place = result
        nonisolated(unsafe) let body = body
        let number = try state.change { state in
          Self.checkIsOutside(state)
          if state.thread == nil { state.thread = try start(state.generation) }
          state.added += 1
          state.waiting.append(Job(number: state.added) { place.pointee = Result { try body() } })
          return state.added
        }
        // Jobs are done in their order.
        state.wait { $0.done >= number ? () : nil }
      }
    }
    guard let result else { preconditionFailure("a job was not run") }
    return try result.get()
  }

  /// Stops the program when it is called from within `perform`.
  package func checkIsOutside() { state.withLock { Self.checkIsOutside($0) } }

  private static func checkIsOutside(_ state: borrowing State) {
    precondition(!(state.thread?.isCurrent ?? false), "a write transaction was started inside another one")
  }

  /// Ends the thread after the work that is queued. Later calls of `perform` start a new one.
  package func stop() {
    let running = state.change { state in
      state.generation += 1
      defer { state.thread = nil }
      return state.thread
    }
    running?.join()
  }

  private func start(_ generation: UInt64) throws -> WorkThread {
    let state = state
    return try WorkThread {
      while let job = Self.next(state, generation) {
        job.run()
        state.change {
          $0.done = job.number
          $0.isBusy = false
        }
      }
    }
  }

  /// The next job; nil when the thread shall end.
  private static func next(_ state: Locked<State>, _ own: UInt64) -> Job? {
    state.wait { state -> Job?? in
      if !state.waiting.isEmpty, !state.isBusy {
        state.isBusy = true
        return .some(state.waiting.removeFirst())
      }
      return state.generation == own || !state.waiting.isEmpty ? nil : .some(nil)
    }
  }
}
