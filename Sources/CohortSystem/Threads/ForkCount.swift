internal import Synchronization

/// How many forks lie between the process that began to count and this one: a child has another number than its parent, and
/// than any process before it. A process id may come again; this does not.
public enum ForkCount {
  private static let forks = Atomic<UInt64>(0)

  private static let isWatched: Void = {
    _ = forks.load(ordering: .relaxed)
    pthread_atfork(nil, nil, { ForkCount.forks.add(1, ordering: .relaxed) })
  }()

  /// The number of this process. The first call begins to count: what is to be told apart asks once before.
  public static var current: UInt64 {
    _ = isWatched
    return forks.load(ordering: .relaxed)
  }
}
