package import CohortCore
import CohortSystem
import Logging

/// What systemd, or another manager with the same protocol, hands over in the environment: where it is told of the
/// daemon's state (`sd_notify`), and sockets that listen already (`sd_listen_fds`).
package struct ServiceManager: Sendable {
  /// A message of the protocol.
  package enum State: Sendable {
    case ready
    /// With the time of the steady clock, by which the manager tells one reload from the next.
    case reloading(microseconds: Int64)
    case stopping
    case alive
    case status(String)

    var text: String {
      switch self {
      case .ready: "READY=1"
      case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time)"
      case .stopping: "STOPPING=1"
      case .alive: "WATCHDOG=1"
      case .status(let words): "STATUS=" + words.split(separator: "\n").joined(separator: " ")
      }
    }

    /// A reload that begins now.
    package static var reloadingNow: State { .reloading(microseconds: SystemClock.steady / 1000) }
  }

  /// A socket that somebody else opened, bound, and listens on.
  package struct ListeningSocket: Hashable, Sendable {
    package let descriptor: Int32
    /// `FileDescriptorName` of the unit; empty when it has none.
    package let name: String
    /// Whether it is a unix socket: those behind it are processes of this machine.
    package let isLocal: Bool
  }

  private let notifySocket: String?
  /// Seconds within which the manager wants to hear `alive`; nil when it does not.
  package let watchdog: Double?
  /// In the order of their descriptors.
  package let sockets: [ListeningSocket]
  /// What was taken out of the environment.
  private var taken: [(name: String, value: String)] = []

  /// Reads what a manager has set for this process.
  /// - Parameters:
  ///   - environment: the value of a variable.
  ///   - process: the id for which sockets and watchdog have to be meant.
  ///   - first: the first descriptor of a socket; the protocol says 3, behind standard input and output.
  package init(environment: (String) -> String?, process: Int32 = getpid(), first: Int32 = 3) {
    let socket = environment("NOTIFY_SOCKET") ?? ""
    notifySocket = socket.hasPrefix("/") || socket.hasPrefix("@") ? socket : nil
    let isWatched = environment("WATCHDOG_PID").map { $0 == String(process) } ?? true
    let microseconds = environment("WATCHDOG_USEC").flatMap { Double($0) } ?? 0
    watchdog = isWatched && microseconds > 0 ? microseconds / 1e6 : nil
    let isForUs = environment("LISTEN_PID") == String(process)
    let count = isForUs ? environment("LISTEN_FDS").flatMap { Int32($0) } ?? 0 : 0
    let names = (environment("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
    sockets = (0..<min(max(count, 0), 64)).compactMap { number in
      let descriptor = first + number
      guard let family = UnsafeUnixDatagram.familyOfListener(descriptor) else { return nil }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      let name = Int(number) < names.count ? String(names[Int(number)]) : ""
      return ListeningSocket(descriptor: descriptor, name: name, isLocal: family == AF_UNIX)
    }
  }

  /// Takes what is meant for this process out of its environment: processes that it starts shall not take it for theirs.
  package static func takeFromEnvironment() -> ServiceManager {
    var manager = ServiceManager(environment: { getenv($0).map { String(cString: $0) } })
    for name in [
      "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
    ] {
      if let value = getenv(name) { manager.taken.append((name, String(cString: value))) }
      unsetenv(name)
    }
    return manager
  }

  /// Puts all of it back for the program that takes the place of this one, in the same process.
  func giveBack() {
    for (name, value) in taken { setenv(name, value, 1) }
    for socket in sockets { _ = fcntl(socket.descriptor, F_SETFD, 0) }
  }

  /// Tells the manager. One that does not listen is no trouble of the daemon.
  package func tell(_ states: State...) {
    guard let notifySocket else { return }
    do throws(Errno) {
      try UnsafeUnixDatagram.send(Array(states.map(\.text).joined(separator: "\n").utf8), to: notifySocket)
    } catch {
      // Nobody is there who could be told of it.
    }
  }

  /// Tells the manager that the daemon is alive, twice in the time that it allows, as long as `isWell` says so.
  package func keepAlive(while isWell: @escaping @Sendable () -> Bool) throws(CohortError) {
    guard let watchdog else { return }
    let manager = self
    _ = try WorkThread {
      while true {
        if isWell() { manager.tell(.alive) }
        usleep(UInt32(min(watchdog / 2, 3600) * 1e6))
      }
    }
  }
}
