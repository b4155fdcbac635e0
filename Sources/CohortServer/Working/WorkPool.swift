internal import CohortCore
internal import CohortSystem

/// Threads for work that blocks: reading a store, waiting for a turn to write, handing rows to a client that takes its
/// time. Neither the network's threads nor those of Swift's tasks may do that.
///
/// At most `threads` pieces of work run at a time. One whose answer is too long for its client to get it at once stands aside
/// (`standAside`) and does not count any more: another thread takes its place, up to `spare` of them. So short work never
/// waits behind long answers.
final class WorkPool: Sendable {
  private typealias Work = @Sendable () -> Void

  private struct State {
    var queue: [Work] = []
    /// Work before this index is taken.
    var taken = 0
    var threads = 0
    var idle = 0
    /// Works that stand aside.
    var aside = 0
    var isClosed = false

    var waiting: Int { queue.count - taken }

    /// Threads whose work counts.
    var running: Int { threads - idle - aside }

    mutating func next() -> Work? {
      guard taken < queue.count else { return nil }
      let work = queue[taken]
      taken += 1
      if taken > 64, taken * 2 > queue.count {
        queue.removeFirst(taken)
        taken = 0
      }
      return work
    }
  }

  private let state = Locked(State())
  private let threads: Int
  private let spare: Int
  private let waiting: Int
  private static let stackBytes = 2 << 20
  /// How long a thread that is one too many waits for work before it ends.
  private static let idleSeconds = 10.0

  /// - Parameter waiting: how many pieces of work may wait for a thread; more are refused.
  init(threads: Int, spare: Int = 0, waiting: Int) {
    self.threads = max(threads, 1)
    self.spare = spare
    self.waiting = waiting
  }

  /// Runs `body` on one of the threads.
  /// - Throws: `server.busy` when too much waits already, `server.stopping`; what `body` throws.
  func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      do throws(CohortError) {
        try submit { continuation.resume(with: Result { try body() }) }
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  /// Has one of the threads run `body`.
  func submit(_ body: @escaping @Sendable () -> Void) throws(CohortError) {
    enum Outcome {
      case queued(startsThread: Bool)
      case refused(ErrorCode, String)
    }
    let outcome: Outcome = state.change { state in
      guard !state.isClosed else { return .refused(.serverStopping, "The daemon is stopping") }
      guard state.waiting < waiting else { return .refused(.serverBusy, "Too many requests are waiting") }
      state.queue.append(body)
      return .queued(startsThread: needsThread(&state))
    }
    switch outcome {
    case .queued(let startsThread): if startsThread { start() }
    case .refused(let code, let message): throw CohortError(code, message)
    }
  }

  private func needsThread(_ state: inout State) -> Bool {
    let isNeeded =
      state.waiting > state.idle && state.threads - state.aside < threads
      && state.threads < threads + spare
    if isNeeded { state.threads += 1 }
    return isNeeded
  }

  private func start() {
    do throws(CohortError) {
      _ = try WorkThread(stackBytes: Self.stackBytes) { [self] in loop() }
    } catch {
      // The threads that are there do the work; where there is none, it is tried again with the next request.
      state.change { $0.threads -= 1 }
    }
  }

  private func loop() {
    while let work = next() { work() }
  }

  /// - Returns: nil when the thread shall end; it does not count any more then.
  private func next() -> Work? {
    state.withLock { $0.idle += 1 }
    let found: Work?? = state.wait(seconds: Self.idleSeconds) { (state) -> Work?? in
      if state.running < threads, let work = state.next() {
        state.idle -= 1
        return .some(work)
      }
      guard state.isClosed, state.waiting == 0 else { return nil }
      state.idle -= 1
      state.threads -= 1
      return .some(nil)
    }
    if let found { return found }
    return state.withLock { state in
      // Work that came at the last moment counts on this thread.
      let work = state.running < threads ? state.next() : nil
      state.idle -= 1
      if work == nil { state.threads -= 1 }
      return work
    }
  }

  /// From here on, until `comeBack`, the work of the calling thread does not count, and another may run beside it.
  /// - Parameter seconds: how long to wait while too many stand aside already.
  /// - Throws: `server.busy` when that does not change in time.
  func standAside(seconds: Double) throws(CohortError) {
    let startsThread: Bool? = state.wait(seconds: seconds) { state in
      guard state.aside < spare else { return nil }
      state.aside += 1
      return needsThread(&state)
    }
    guard let startsThread else {
      throw CohortError(.serverBusy, "Too many long answers are under way")
    }
    if startsThread { start() }
  }

  /// The work that stood aside is over.
  func comeBack() { state.change { $0.aside -= 1 } }

  /// Threads that run something.
  var busy: Int { state.withLock { $0.threads - $0.idle } }

  /// Takes no more work; what was taken is done, and then the threads end.
  func close() { state.change { $0.isClosed = true } }

  /// - Returns: whether all threads have ended in time.
  func waitForEnd(seconds: Double) -> Bool {
    state.wait(seconds: seconds) { $0.threads == 0 ? true : nil } ?? false
  }
}
