import CohortCore
import CohortSystem

/// Writes to a descriptor from a thread of its own, in the order in which bytes are put: so whoever makes them never waits for
/// who reads them. What is not read yet lies in memory; whoever puts bounds it.
final class OutputSpool: Sendable {
  private struct State {
    var waiting: [[UInt8]] = []
    var isWriting = false
    var isEnded = false
    var failure: Errno?
  }

  private let state: Locked<State>
  private let thread: WorkThread

  /// - Parameter descriptor: open until `finish` has returned.
  init(_ descriptor: Int32) throws {
    let state = Locked(State())
    self.state = state
    thread = try WorkThread { Self.run(state, descriptor) }
  }

  /// Adds bytes behind those that wait.
  /// - Throws: what writing those before met. They are lost then, and so are these.
  func put(_ bytes: [UInt8]) throws(Errno) {
    let failure = state.change { state in
      if state.failure == nil { state.waiting.append(bytes) }
      return state.failure
    }
    if let failure { throw failure }
  }

  /// Waits until all is written, and ends the thread. Nothing may be put afterwards.
  /// - Parameter isCancelled: asked a few times a second; true drops what waits.
  /// - Returns: false when something was dropped.
  /// - Throws: what writing met.
  func finish(isCancelled: () -> Bool) throws(Errno) -> Bool {
    var isWhole = true
    while state.wait(seconds: 0.1, { Self.isDone($0) ? true : nil }) == nil {
      guard isCancelled() else { continue }
      state.change { state in
        isWhole = isWhole && state.waiting.isEmpty
        state.waiting = []
      }
    }
    state.change { $0.isEnded = true }
    thread.join()
    if let failure = state.withLock({ $0.failure }) { throw failure }
    return isWhole
  }

  private static func isDone(_ state: State) -> Bool {
    state.failure != nil || state.waiting.isEmpty && !state.isWriting
  }

  private static func run(_ state: Locked<State>, _ descriptor: Int32) {
    while true {
      let next: [UInt8] = state.wait { state in
        if !state.waiting.isEmpty {
          state.isWriting = true
          return state.waiting.removeFirst()
        }
        return state.isEnded ? [] : nil
      }
      if next.isEmpty { return }
      do throws(Errno) {
        try SystemCall.writeFully(next, to: descriptor)
        state.change { $0.isWriting = false }
      } catch {
        state.change { state in
          state.failure = error
          state.waiting = []
          state.isWriting = false
        }
      }
    }
  }
}
