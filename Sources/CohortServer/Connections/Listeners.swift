internal import CohortCore
internal import CohortSystem
internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Takes connections in at all doors, counts them, and ends them.
final class Listeners: Sendable {
  typealias Respond = @Sendable (Connection) -> GuardedChannel.Responder

  private struct State {
    var servers: [any Channel] = []
    var open: [ObjectIdentifier: any Channel] = [:]
    /// Loops over the requests of a connection; each outlives its connection by a moment.
    var loops = 0
    /// Connections that get a refusal and nothing else.
    var refusals = 0
  }

  /// More than this many at a time are closed without a word.
  private static let mostRefusals = 64

  private let sockets: [ListeningSocket]
  private let limits: Limits
  private let log: Logger
  private let refused: @Sendable () -> Void
  private let state = Locked(State())

  /// - Parameter refused: hears of each connection that was one too many.
  init(_ sockets: [ListeningSocket], _ limits: Limits, log: Logger, refused: @escaping @Sendable () -> Void) {
    self.sockets = sockets
    self.limits = limits
    self.log = log
    self.refused = refused
  }

  /// Connections that are open.
  var count: Int { state.withLock { $0.open.count } }

  /// Begins to take connections in. Blocks for a moment; not for an event loop.
  func begin(
    on group: any EventLoopGroup, answered: @escaping @Sendable (Problem) -> Void, respond: @escaping Respond
  ) throws(CohortError) {
    for socket in sockets {
      let bootstrap = ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 256)
        .serverChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(AcceptErrors(log: self.log))
          }
        }
        .childChannelOption(.allowRemoteHalfClosure, value: true)
        .childChannelInitializer { [self] channel in
          take(channel, socket.kind, answered: answered, respond: respond)
        }
      do {
        let server = try bootstrap.withBoundSocket(socket.descriptor).wait()
        state.withLock { $0.servers.append(server) }
      } catch {
        throw CohortError(
          .serverListen, "The server cannot listen", place: socket.name, cause: String(describing: error))
      }
    }
  }

  private func take(
    _ channel: any Channel, _ door: DoorKind, answered: @escaping @Sendable (Problem) -> Void, respond: Respond
  ) -> EventLoopFuture<Void> {
    let isWelcome = state.withLock { state in
      guard state.open.count < limits.connections else { return false }
      state.open[ObjectIdentifier(channel)] = channel
      return true
    }
    guard isWelcome else {
      refused()
      return refuse(channel, Problem(CohortError(.serverBusy, "Too many connections")))
    }
    channel.closeFuture.whenComplete { [self] _ in
      state.change { _ = $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
    }
    let connection = Connection(channel, door: door)
    let guarded = GuardedChannel(
      connection: connection, limits: limits, answered: answered, responder: respond(connection))
    guard door == .local else { return serve(channel, guarded) }
    return PeerCheck.isFriend(channel).flatMap { [self] isFriend in
      isFriend
        ? serve(channel, guarded)
        : refuse(
          channel,
          Problem(
            CohortError(.serverForbidden, "The socket belongs to another user", hint: "Run as the daemon's user")))
    }
  }

  private func serve(_ channel: any Channel, _ guarded: GuardedChannel) -> EventLoopFuture<Void> {
    guarded.setup(channel: channel, logger: log).map { [log, state] value in
      state.withLock { $0.loops += 1 }
      // Ends with the connection.
      let executor = LoopExecutor(channel.eventLoop)
      Task(executorPreference: executor) {
        await guarded.handle(value: value, logger: log)
        state.change { $0.loops -= 1 }
        withExtendedLifetime(executor) {}
      }
      return
    }
  }

  /// Writes an answer to a connection that nobody will serve, and closes it.
  private func refuse(_ channel: any Channel, _ problem: Problem) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      guard state.withLock({ $0.refusals < Self.mostRefusals }) else { throw ChannelError.ioOnClosedChannel }
      state.withLock { $0.refusals += 1 }
      channel.closeFuture.whenComplete { [state] _ in state.withLock { $0.refusals -= 1 } }
      try channel.pipeline.syncOperations.addHandler(RefusalHandler(problem, seconds: limits.lingerSeconds))
    }
  }

  /// Takes no more connections in, and removes the sockets' files. Those that are open stay.
  func close() {
    for server in state.withLock({ state in
      defer { state.servers = [] }
      return state.servers
    }) {
      server.close(promise: nil)
    }
    for socket in sockets { socket.removeFile() }
  }

  /// Tells all connections that the server is about to end: bodies must not make pauses any more.
  func hurry() { tell(ChannelShouldQuiesceEvent()) }

  /// Ends the connections that are owed no answer, behind what was written to them.
  func finishIdle() { tell(FinishEvent()) }

  private func tell(_ event: some Sendable) {
    for channel in state.withLock({ Array($0.open.values) }) { channel.pipeline.fireUserInboundEventTriggered(event) }
  }

  /// Ends all connections, whatever they are doing.
  func endConnections() {
    for channel in state.withLock({ Array($0.open.values) }) { channel.close(promise: nil) }
  }

  /// - Returns: whether the last connection ended in time.
  func waitForEnd(seconds: Double) -> Bool {
    state.wait(seconds: seconds) { $0.open.isEmpty && $0.loops == 0 ? true : nil } ?? false
  }
}

/// Keeps a listening socket open when a connection could not be taken in: the next one may be.
private final class AcceptErrors: ChannelInboundHandler {
  typealias InboundIn = any Channel

  private let log: Logger

  init(log: Logger) { self.log = log }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    log.warning("a connection could not be taken in", metadata: ["cause": "\(error)"])
  }
}

/// Writes one answer as soon as the connection stands, and closes it.
private final class RefusalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let problem: Problem
  private let seconds: Double

  init(_ problem: Problem, seconds: Double) {
    self.problem = problem
    self.seconds = seconds
  }

  func channelActive(context: ChannelHandlerContext) {
    let body = problem.bytes
    var text = "HTTP/1.1 \(problem.status.code) \(problem.status.reasonPhrase)\r\n"
    text += "Content-Type: \(Problem.mediaType)\r\nContent-Length: \(body.count)\r\nConnection: close\r\n"
    for field in problem.headers { text += "\(field.name.rawName): \(field.value)\r\n" }
    text += "Date: \(HTTPDate.now)\r\n\r\n"
    var buffer = context.channel.allocator.buffer(capacity: text.utf8.count + body.count)
    buffer.writeString(text)
    buffer.writeBytes(body)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    context.close(mode: .output, promise: nil)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) { bound.value.close(promise: nil) }
  }

  // What the client sends is thrown away, so that it can read the answer.
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
