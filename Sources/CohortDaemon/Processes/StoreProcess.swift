import CohortCore
import CohortSystem

/// A process that a supervisor started for a store: what it says, and how it ends. It is used by one thread, which has
/// to live as long as the process.
final class StoreProcess {
  let number: pid_t
  /// Readable when there is a word, and when the process has ended.
  let report: Int32
  private let life: Int32
  private var hasBegun = false
  private var unread: [UInt8] = []
  /// The store's folder.
  private let store: String
  /// What it said of its end.
  private(set) var lastWords: CohortError?
  /// Whether nothing more can be read.
  private(set) var isSilent = false
  private var isReaped = false

  /// What is not for the processes of stores: sockets and a watchdog that the service manager gave to this one.
  private static let ownVariables = [
    "LISTEN_FDS=", "LISTEN_PID=", "LISTEN_FDNAMES=", "NOTIFY_SOCKET=", "WATCHDOG_PID=", "WATCHDOG_USEC=",
  ]

  /// Unless somebody wants it otherwise a crash is not followed by half a minute of work on a backtrace, during which
  /// the process counts as running and its store as open, and whose lines mix with those of others.
  private static var environment: [String] {
    let all = UnsafeSpawn.environment.filter { variable in !ownVariables.contains { variable.hasPrefix($0) } }
    let backtrace = "SWIFT_BACKTRACE="
    return all.contains { $0.hasPrefix(backtrace) } ? all : all + [backtrace + "enable=no"]
  }

  /// Starts this very program once more.
  /// - Parameter store: the folder of its store, for what is told of it.
  /// - Throws: `daemon.spawn`, `daemon.pipe`.
  init(for store: String, arguments: [String]) throws(CohortError) {
    self.store = store
    // Above the numbers that they get there.
    let life = try Self.pipe()
    let report: (reading: Int32, writing: Int32)
    do throws(CohortError) {
      report = try Self.pipe()
    } catch {
      for end in [life.reading, life.writing] { SystemCall.close(end) }
      throw error
    }
    defer { for end in [life.reading, report.writing] { SystemCall.close(end) } }
    let path = ProgramFile.path
    do throws(Errno) {
      number = try UnsafeSpawn.start(
        path, [CommandLine.arguments.first ?? "cohortd"] + arguments,
        environment: Self.environment,
        descriptors: [(life.reading, ChildLink.life), (report.writing, ChildLink.report)])
    } catch {
      for end in [life.writing, report.reading] { SystemCall.close(end) }
      throw CohortError(.daemonSpawn, "A process could not be started", place: path, cause: error.text)
    }
    (self.life, self.report) = (life.writing, report.reading)
    _ = fcntl(report.reading, F_SETFL, O_NONBLOCK)
  }

  deinit {
    SystemCall.close(life)
    SystemCall.close(report)
  }

  /// Only one thread starts programs, so nobody gets the ends before they are marked.
  private static func pipe() throws(CohortError) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    guard makePipe(&ends) == 0 else {
      throw CohortError.system(.daemonPipe, "No pipe can be made", place: "process", .last)
    }
    defer { for end in ends { SystemCall.close(end) } }
    let moved = ends.map { fcntl($0, F_DUPFD_CLOEXEC, 16) }
    guard moved.allSatisfy({ $0 >= 0 }) else {
      let reason = Errno.last
      for end in moved where end >= 0 { SystemCall.close(end) }
      throw CohortError.system(.daemonPipe, "No pipe can be made", place: "process", reason)
    }
    return (moved[0], moved[1])
  }

  /// The word to begin.
  func begin() {
    guard !hasBegun else { return }
    hasBegun = true
    SystemCall.put("!", on: life)
  }

  /// Sends a signal, unless the process is gone: its number may be another's then.
  func signal(_ signal: Int32) {
    if !isReaped { kill(number, signal) }
  }

  /// The words that came. One that is none silences the process: no more is read.
  func words() -> [ChildWord] {
    var block = [UInt8](repeating: 0, count: 4096)
    while !isSilent {
      let count = block.withUnsafeMutableBytes { read(report, $0.baseAddress, $0.count) }
      if count > 0 { unread += block[..<count] }
      if count == 0 { isSilent = true }
      if count < 0, errno != EINTR {
        isSilent = errno != EAGAIN
        break
      }
    }
    var words: [ChildWord] = []
    while let word = next() {
      switch word {
      case .failed(let error): lastWords = error
      case .damaged(let signal, let page):
        lastWords = .damaged(store: store, page: page, cause: ChildEnding.signalled(signal).text)
      case .opened, .ready: break
      }
      words.append(word)
    }
    return words
  }

  private func next() -> ChildWord? {
    do {
      return try ChildWord.take(from: &unread)
    } catch {
      (unread, isSilent) = ([], true)
      return nil
    }
  }

  /// How the process ended; nil while it runs.
  func ending() -> ChildEnding? {
    guard !isReaped else { return nil }
    var status: Int32 = 0
    let result = waitpid(number, &status, WNOHANG)
    // Somebody else took its end away: then nobody will ever know.
    guard result == number || (result < 0 && errno == ECHILD) else { return nil }
    isReaped = true
    return result == number ? ChildEnding(status: status) : .exited(1)
  }
}

// The C library's call whose name a function above hides.
private func makePipe(_ ends: inout [Int32]) -> Int32 { pipe(&ends) }
