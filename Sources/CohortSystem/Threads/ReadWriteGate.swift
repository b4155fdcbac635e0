/// Lets many in at the same time, or one alone. Who is inside may ask for the gate again as a shared one: those who want to
/// be alone wait until nobody is inside, and keep nobody out before.
public final class ReadWriteGate: Sendable {
  private struct State {
    var inside = 0
    var waiting = 0
    var isClosed = false
  }

  private let state = Locked(State())

  /// Nobody is inside.
  public init() {}

  /// Runs `body` beside other shared ones.
  public func shared<R>(_ body: () throws -> R) rethrows -> R {
    enter()
    defer { leave() }
    return try body()
  }

  /// Goes in beside other shared ones, for work that does not fit into a closure. `leave` follows, on any thread.
  public func enter() {
    state.waitQuietly { (state) -> Void? in
      if state.isClosed { return nil }
      state.inside += 1
      return ()
    }
  }

  /// Ends what `enter` began.
  public func leave() {
    let isAwaited = state.withLock { state in
      state.inside -= 1
      return state.inside == 0 && state.waiting > 0
    }
    if isAwaited { state.change { _ in } }
  }

  /// Runs `body` alone.
  public func exclusive<R>(_ body: () throws -> R) rethrows -> R {
    state.withLock { $0.waiting += 1 }
    state.waitQuietly { (state) -> Void? in
      if state.isClosed || state.inside > 0 { return nil }
      (state.isClosed, state.waiting) = (true, state.waiting - 1)
      return ()
    }
    defer { state.change { $0.isClosed = false } }
    return try body()
  }
}
