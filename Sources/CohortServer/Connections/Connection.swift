internal import CohortSystem
internal import NIOCore

/// A client's connection, as those who answer its requests see it. They run on other threads than the network's.
final class Connection: Sendable {
  private struct State {
    var isClosing = false
    var isInputClosed = false
    var isClosed = false
    var watchers: [Int: @Sendable () -> Void] = [:]
    var nextWatcher = 0
  }

  /// Which door it came through.
  let door: DoorKind
  let channel: any Channel
  private let state = Locked(State())

  init(_ channel: any Channel, door: DoorKind) {
    self.channel = channel
    self.door = door
  }

  /// Whether the answer that is under way, or was the last one, says that the connection ends: no further request is looked
  /// at then.
  var isClosing: Bool { state.withLock { $0.isClosing } }

  /// No further request will be looked at.
  func close() { state.withLock { $0.isClosing = true } }

  /// Whether nobody will get an answer any more.
  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Whether the client has said that it sends nothing more.
  var isInputClosed: Bool { state.withLock { $0.isInputClosed } }

  func inputDidClose() { notify { $0.isInputClosed = true } }

  func didClose() { notify { ($0.isInputClosed, $0.isClosed) = (true, true) } }

  private func notify(_ change: (inout State) -> Void) {
    let watchers = state.withLock { state in
      change(&state)
      return Array(state.watchers.values)
    }
    for watcher in watchers { watcher() }
  }

  /// Has `body` called when the client closes its side or all of the connection; at once if it has.
  /// - Returns: to be given to `unwatch`.
  func watch(_ body: @escaping @Sendable () -> Void) -> Int {
    let (number, isOver) = state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = body
      return (state.nextWatcher, state.isInputClosed)
    }
    if isOver { body() }
    return number
  }

  func unwatch(_ number: Int) { state.withLock { _ = $0.watchers.removeValue(forKey: number) } }

  /// Tells a client that waits for it to send the body.
  func sendContinue() { channel.triggerUserOutboundEvent(ContinueEvent(), promise: nil) }
}

/// Asks the guard of a connection to write `100 Continue`.
struct ContinueEvent: Sendable {}

/// Asks the guard of a connection to end it, unless an answer is due.
struct FinishEvent: Sendable {}
