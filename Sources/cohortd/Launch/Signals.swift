import CohortSystem
import Logging

/// The signals of the daemon, taken by a thread of their own: nothing runs in a signal handler.
///
/// SIGTERM and SIGINT ask for the end; the second of them ends the process at once. SIGPIPE, SIGHUP and SIGIO are
/// ignored.
enum Signals {
  /// From the request to the end, whatever the work is at. What is acknowledged is durable at any moment, so ending in
  /// the midst of a transaction loses nothing.
  static let patience = 9.0

  private static var ending: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    return set
  }

  /// Keeps the signals from all threads. Call it before any other thread is started.
  static func hold() {
    // The system sends SIGIO when somebody opens a file on which a lease is being tried.
    for ignored in [SIGPIPE, SIGHUP, SIGIO] { _ = signal(ignored, SIG_IGN) }
    for kept in [SIGTERM, SIGINT] { _ = signal(kept, SIG_DFL) }
    var set = ending
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Starts to listen.
  static func listen(_ stop: StopRequest, _ log: Logger) throws {
    _ = try WorkThread {
      while true {
        var set = ending
        var number: Int32 = 0
        guard sigwait(&set, &number) == 0 else { continue }
        let name: Logger.MetadataValue = number == SIGINT ? "SIGINT" : "SIGTERM"
        guard stop.make() else {
          log.warning("stopped_at_once", metadata: ["signal": name])
          _exit(128 + number)
        }
        log.info("stopping", metadata: ["signal": name])
        _ = try? WorkThread {
          usleep(UInt32(patience * 1e6))
          log.warning("stopped_by_deadline", metadata: ["seconds": "\(patience)"])
          _exit(0)
        }
      }
    }
  }
}
