public import CohortActions
public import CohortCore
internal import CohortSystem
internal import Dispatch
internal import HTTPTypes
public import Logging
internal import NIOCore
internal import NIOPosix
public import ServiceLifecycle

/// The HTTP interface of the stores that a process owns.
///
/// ```swift
/// let server = try Server(hosts: [store], doors: Doors(socket: "/run/cohort/cohort.sock"), log: log)
/// let addresses = try server.start()
/// ...
/// server.stop(within: 8)
/// ```
///
/// Starting and stopping block the calling thread, which must be none of Swift's tasks; `run` is the same for
/// service-lifecycle. Nothing here handles signals.
public final class Server: Service, Sendable {
  private let core: ServerCore
  private let doors: Doors
  private let routes: RouteTable
  private let state = Locked(State())

  private struct State {
    var group: MultiThreadedEventLoopGroup?
    var listeners: Listeners?
    var hasStarted = false
  }

  /// Reads the tokens; nothing listens yet.
  /// - Parameters:
  ///   - routes: further ones, which win over those of the server.
  /// - Throws: `server.token-file`; `server.address` where nobody could come in.
  public init(
    hosts: [any HostedStore], doors: Doors, limits: Limits = Limits(), verbs: [Verb] = VerbRegistry.verbs,
    routes: [Route] = [], log: Logger
  ) throws(CohortError) {
    guard doors.socket != nil || !doors.listen.isEmpty || !doors.inherited.isEmpty else {
      throw CohortError(.serverAddress, "The server has no door", hint: "Give a socket's path or an address")
    }
    guard doors.listen.isEmpty || doors.tokenFile != nil else {
      throw CohortError(
        .serverAddress, "An address needs tokens", hint: "Give --token-file, or use the Unix socket")
    }
    self.doors = doors
    let tokens = try doors.tokenFile.map { path throws(CohortError) in try Tokens(file: path) } ?? Tokens()
    core = ServerCore(hosts: hosts, doors: doors, tokens: tokens, limits: limits, log: log)
    let document = OpenAPIDocument.text(verbs: verbs)
    var table = RouteTable()
    for route in ServiceRoutes.all(openAPI: { document }) + verbs.map(VerbRoutes.route) + routes { table.add(route) }
    self.routes = table
  }

  /// Opens the doors. When this returns, clients are answered.
  /// - Returns: the addresses, as people write them: `unix:PATH`, `127.0.0.1:8420`.
  /// - Throws: `server.listen`, `server.socket-in-use`, `server.address`. Nothing listens then.
  public func start() throws(CohortError) -> [String] {
    // A client that goes away in the middle of an answer is no reason to end.
    signal(SIGPIPE, SIG_IGN)
    let isFirst = state.withLock { state in
      defer { state.hasStarted = true }
      return !state.hasStarted
    }
    precondition(isFirst, "a server starts once")
    // A loop of the network ends the process where it gets none.
    try OpenFiles.require(4 * max(core.limits.loops, 1) + 8)
    var sockets: [ListeningSocket] = []
    do throws(CohortError) {
      for descriptor in doors.inherited { sockets.append(try .inherited(descriptor)) }
      if let path = doors.socket { sockets.append(try .local(at: path)) }
      for address in doors.listen { sockets.append(try .network(at: address)) }
    } catch {
      for socket in sockets {
        socket.removeFile()
        SystemCall.close(socket.descriptor)
      }
      throw error
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: max(core.limits.loops, 1))
    let core = core
    let listeners = Listeners(sockets, core.limits, log: core.log) { core.metrics.add(to: .httpRefused) }
    // A counter that is there from the start shows its first step, too.
    core.metrics.add(0, to: .httpRefused)
    state.withLock { ($0.group, $0.listeners) = (group, listeners) }
    core.connect(listeners)
    let reception = Reception(core: core, routes: routes)
    do throws(CohortError) {
      try open(listeners, on: group, reception)
    } catch {
      stop(within: 1)
      throw error
    }
    for socket in sockets { core.log.info("listening", metadata: ["address": "\(socket.name)"]) }
    return sockets.map(\.name)
  }

  private func open(
    _ listeners: Listeners, on group: MultiThreadedEventLoopGroup, _ reception: Reception
  ) throws(CohortError) {
    let core = core
    try listeners.begin(
      on: group,
      answered: { problem in
        core.metrics.add(
          to: .httpRequests,
          [
            MetricLabel("route", "none"), MetricLabel("method", "other"),
            MetricLabel("status", String(problem.status.code)),
          ])
        core.log.debug("request", metadata: ["status": "\(problem.status.code)", "code": "\(problem.error.code)"])
      },
      respond: { connection in
        { request, writer, _ in try await reception.respond(request, writer, connection) }
      })
  }

  /// Reads the token file anew; tokens that are gone are refused from the next request on.
  /// - Returns: how many tokens may write, and how many may read only; nil where there is no token file.
  /// - Throws: `server.token-file`; the tokens stay as they were then.
  @discardableResult
  public func reloadTokens() throws(CohortError) -> (writing: Int, reading: Int)? {
    guard let path = doors.tokenFile else { return nil }
    let tokens = try Tokens(file: path)
    core.tokens.withLock { $0 = tokens }
    return tokens.counts
  }

  /// Closes the doors, and answers new requests 503; those under way go on. It waits for nobody: `stop` does, later.
  public func leave() {
    let listeners = state.withLock { $0.listeners }
    core.stop()
    listeners?.close()
    core.feeds.stop()
  }

  /// Closes the doors, answers what was asked, tells long work to end, and closes all connections. New requests on
  /// connections that are open are answered 503 meanwhile.
  /// - Parameter seconds: when it is over in any case.
  /// - Returns: whether every request was answered in time.
  @discardableResult
  public func stop(within seconds: Double) -> Bool {
    let end = SystemClock.steady + Int64(seconds * 1e9)
    func left(_ share: Double = 1) -> Double { max(Double(end - SystemClock.steady) / 1e9 * share, 0) }
    let (group, listeners) = state.withLock { ($0.group, $0.listeners) }
    core.stop()
    listeners?.close()
    listeners?.hurry()
    core.feeds.stop()
    core.jobs.stop()
    for intake in core.intakes.values { intake.beginStop() }
    for pool in [core.questions, core.writes, core.long] { pool.close() }
    let isAnswered = core.waitForRequests(seconds: left(0.8))
    _ = core.jobs.waitForEnd(seconds: left(0.8))
    for intake in core.intakes.values { intake.stop(within: left(0.8)) }
    // The last answers are on their way.
    listeners?.finishIdle()
    let isQuiet = listeners?.waitForEnd(seconds: min(left(0.6), core.limits.lingerSeconds + 1)) ?? true
    if !isQuiet { listeners?.endConnections() }
    _ = listeners?.waitForEnd(seconds: left(0.5))
    let isDown = Locked(group == nil)
    group?.shutdownGracefully(queue: .global()) { _ in isDown.change { $0 = true } }
    _ = isDown.wait(seconds: max(left(), 0.1)) { $0 ? true : nil }
    state.withLock { ($0.group, $0.listeners) = (nil, nil) }
    return isAnswered
  }

  /// Serves until it is told to shut down, for a group of services.
  public func run() async throws {
    _ = try await Self.onThread { try self.start() }
    try? await gracefulShutdown()
    _ = try await Self.onThread { self.stop(within: 8) }
  }

  private static func onThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      do throws(CohortError) {
        _ = try WorkThread { continuation.resume(with: Result { try body() }) }
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }
}
