internal import CohortStore
internal import CohortSystem

/// A store as C holds it: each process opens it for itself.
final class StoreHandle: Handle, Sendable {
  private let opened: ProcessLocal<Store>

  init(path: String) throws {
    // Asked for first: what another process opens is told by another number.
    _ = ForkCount.current
    opened = ProcessLocal(try Store.open(at: path)) { try Store.open(at: path) }
  }

  /// This process's store.
  var store: Store { get throws { try opened.value } }
}
