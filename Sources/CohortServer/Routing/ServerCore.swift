internal import CohortActions
internal import CohortCore
internal import CohortSystem
internal import Logging

/// What all requests of a server share.
final class ServerCore: Sendable {
  let hosts: [String: any HostedStore]
  let limits: Limits
  let log: Logger
  let metrics = MetricRegistry()
  let tokens: Locked<Tokens>
  let hostRule: HostRule
  /// Threads for questions, for short writes, and for long work and what excludes others.
  let questions, writes, long: WorkPool
  let jobs: JobBoard
  let feeds: EventFeeds
  /// What takes in samples, by the names of the stores.
  let intakes: [String: SampleIntake]
  private let state = Locked(State())

  private struct State {
    var listeners: Listeners?
    var isStopping = false
    var requests = 0
    var streams = 0
  }

  init(hosts: [any HostedStore], doors: Doors, tokens: Tokens, limits: Limits, log: Logger) {
    self.hosts = Dictionary(hosts.map { ($0.name, $0) }) { first, _ in first }
    self.limits = limits
    self.log = log
    self.tokens = Locked(tokens)
    hostRule = HostRule(doors.hosts)
    questions = WorkPool(threads: limits.readers, spare: limits.slowReaders, waiting: limits.waiting)
    writes = WorkPool(threads: limits.writers, spare: 4, waiting: limits.waiting)
    long = WorkPool(threads: limits.longWorkers, spare: 8, waiting: limits.waiting)
    jobs = JobBoard(limits, pool: long)
    feeds = EventFeeds()
    intakes = self.hosts.mapValues { SampleIntake($0, limits: limits.samples) }
  }

  /// - Throws: `server.unknown-store`.
  func host(named name: String) throws(CohortError) -> any HostedStore {
    if let host = hosts[name] { return host }
    let names = hosts.keys.sorted()
    let hint =
      Suggestion.closest(to: name, among: names).map { "Did you mean \($0)?" }
      ?? "There is \(names.joined(separator: ", "))"
    throw CohortError(.serverUnknownStore, "There is no store \"\(name.prefix(100))\" here", hint: hint)
  }

  /// What takes in samples of a store.
  /// - Throws: `server.unknown-store`.
  func intake(named name: String) throws(CohortError) -> SampleIntake {
    guard let intake = intakes[try host(named: name).name] else { throw CohortError(.serverUnexpected, "No intake") }
    return intake
  }

  /// Connections that are open.
  var connections: Int { state.withLock { $0.listeners }?.count ?? 0 }

  func connect(_ listeners: Listeners) { state.withLock { $0.listeners = listeners } }

  // MARK: The end

  /// Whether no new work is begun.
  var isStopping: Bool { state.withLock { $0.isStopping } }

  func stop() { state.change { $0.isStopping = true } }

  /// Requests that are being answered.
  func begin() { state.withLock { $0.requests += 1 } }

  func end() { state.change { $0.requests -= 1 } }

  /// - Returns: whether every request was answered in time.
  func waitForRequests(seconds: Double) -> Bool {
    state.wait(seconds: seconds) { $0.requests == 0 ? true : nil } ?? false
  }

  /// Takes a place for an answer that has no end. - Returns: nil when all are taken.
  func beginStream() -> StreamPlace? {
    let isFree = state.withLock { state in
      guard state.streams < limits.eventStreams else { return false }
      state.streams += 1
      return true
    }
    return isFree ? StreamPlace(self) : nil
  }

  fileprivate func endStream() { state.withLock { $0.streams -= 1 } }
}

/// A place among the answers that have no end, free again when nobody holds it.
final class StreamPlace: Sendable {
  private let core: ServerCore

  fileprivate init(_ core: ServerCore) { self.core = core }

  deinit { core.endStream() }
}
