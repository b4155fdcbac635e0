import CohortSystem
import Synchronization

/// Control-Z. A process that is stopped while it has a turn to write keeps everybody else from writing, so it stops when the
/// turn is over.
enum Suspension {
  private static let isInTurn = Atomic<Bool>(false)
  private static let isRequested = Atomic<Bool>(false)
  private static let isInstalled = Atomic<Bool>(false)

  /// Told by the store before and after each turn.
  static let turnChanged: @Sendable (Bool) -> Void = { begins in
    if begins, !isInstalled.exchange(true, ordering: .relaxed) { install() }
    isInTurn.store(begins, ordering: .sequentiallyConsistent)
    if !begins, isRequested.exchange(false, ordering: .sequentiallyConsistent) { raise(SIGSTOP) }
  }

  private static func install() {
    // Touched here, so that the handler finds it initialised: it may do nothing that is not async-signal-safe.
    isRequested.store(false, ordering: .relaxed)
    let before = signal(SIGTSTP, SIG_IGN)
    if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { return }
    _ = signal(SIGTSTP) { _ in
      if Suspension.isInTurn.load(ordering: .sequentiallyConsistent) {
        Suspension.isRequested.store(true, ordering: .sequentiallyConsistent)
      } else {
        raise(SIGSTOP)
      }
    }
  }
}
