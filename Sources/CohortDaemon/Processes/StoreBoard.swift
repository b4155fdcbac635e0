import CohortServer
import CohortSystem

/// What is known of the processes of all stores: written by the supervisor, read by those who route to them.
final class StoreBoard: ForwardedStores {
  private let stores: Locked<[ForwardedStore]>

  init(_ stores: [ForwardedStore]) { self.stores = Locked(stores) }

  var all: [ForwardedStore] { stores.withLock { $0 } }

  func update(_ index: Int, _ body: (inout ForwardedStore) -> Void) { stores.withLock { body(&$0[index]) } }
}

extension ForwardedStore.Condition {
  init(_ state: ChildState, at now: ChildState.Instant) {
    switch state.phase {
    case .opening, .opened: self = state.trouble.map { .away(seconds: 1, $0) } ?? .starting
    case .serving: self = .open
    case .looking: self = .away(seconds: Double(ChildState.longestPause), state.trouble)
    case .waiting(let instant, _): self = .away(seconds: max((instant - now) / .seconds(1), 0) + 1, state.trouble)
    case .closed:
      self = state.trouble.map { .closed($0) } ?? .ended
    case .ended: self = .ended
    }
  }
}
