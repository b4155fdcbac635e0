import CohortSystem
import Logging

/// The signals of the daemon, taken by a thread of their own: nothing runs in a signal handler.
///
/// SIGTERM and SIGINT ask for the end; the second of them ends the process at once, unless it is the child of a
/// supervisor: what a terminal or a service manager sends to all comes to a child twice. SIGHUP reads the configuration
/// anew. SIGPIPE, SIGIO and SIGXFSZ are ignored.
enum Signals {
  /// From the request to the end, whatever the work is at. What is acknowledged is durable at any moment, so ending in
  /// the midst of a transaction loses nothing.
  static let patience = 9.0
  /// A child is gone before its supervisor's patience ends.
  static let childPatience = 8.5

  private static var taken: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
    return set
  }

  /// Keeps the signals from all threads. Call it before any other thread is started.
  static func hold() {
    // The system sends SIGIO when somebody opens a file on which a lease is being tried.
    // A limit on the size of files is a full disk, not an end.
    for ignored in [SIGPIPE, SIGIO, SIGXFSZ] { _ = signal(ignored, SIG_IGN) }
    // Where it is ignored (nohup) it is not even waited for.
    for kept in [SIGTERM, SIGINT, SIGHUP] { _ = signal(kept, SIG_DFL) }
    var set = taken
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Starts to listen.
  /// - Parameters:
  ///   - stopping: called once, before the request to stop is made.
  ///   - isChild: whether a supervisor sends signals on, and ends what does not end.
  ///   - reload: called for each SIGHUP, on the thread that waits for signals: further ones come after it.
  static func listen(
    _ stop: StopRequest, _ log: Logger, isChild: Bool = false, stopping: @escaping @Sendable () -> Void = {},
    reload: @escaping @Sendable () -> Void
  ) throws {
    _ = try WorkThread {
      while true {
        var set = taken
        var number: Int32 = 0
        guard sigwait(&set, &number) == 0 else { continue }
        if number == SIGHUP {
          if !stop.isMade { reload() }
          continue
        }
        let name: Logger.MetadataValue = number == SIGINT ? "SIGINT" : "SIGTERM"
        if !stop.isMade { stopping() }
        guard stop.make() else {
          if isChild { continue }
          log.warning("stopped_at_once", metadata: ["signal": name])
          _exit(128 + number)
        }
        log.info("stopping", metadata: ["signal": name])
        let patience = isChild ? childPatience : patience
        _ = try? WorkThread {
          usleep(UInt32(patience * 1e6))
          log.warning("stopped_by_deadline", metadata: ["seconds": "\(patience)"])
          _exit(0)
        }
      }
    }
  }
}
