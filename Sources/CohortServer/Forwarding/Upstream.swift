internal import CohortCore
internal import CohortSystem
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// A connection to the process of a store, for one request. What comes is read when somebody asks for it, and not
/// before: a client that takes nothing makes the process wait.
final class Upstream: Sendable {
  /// A piece of the answer.
  enum Part: Sendable {
    /// A word before the answer: `100 Continue`.
    case informational(HTTPResponseHead)
    case head(HTTPResponseHead)
    case body(ByteBuffer)
    case end
  }

  private let channel: any Channel
  private let reader: NIOLoopBound<UpstreamReader>

  private init(_ channel: any Channel, _ reader: NIOLoopBound<UpstreamReader>) {
    self.channel = channel
    self.reader = reader
  }

  deinit {
    if channel.isActive { channel.close(promise: nil) }
  }

  /// Connects to a Unix socket.
  /// - Throws: `server.store-away` when nobody listens there.
  static func connect(to path: String, on loop: any EventLoop) async throws -> Upstream {
    do {
      let place = try SocketPlace(path)
      defer { place.close() }
      return try await ClientBootstrap(group: loop)
        .connectTimeout(.seconds(5))
        .channelOption(.autoRead, value: false)
        .channelOption(.allowRemoteHalfClosure, value: false)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPRequestEncoder(configuration: framed))
            try pipeline.addHandler(
              ByteToMessageHandler(
                HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward)))
            try pipeline.addHandler(UpstreamReader())
          }
        }
        .connect(unixDomainSocketPath: place.path)
        .flatMapThrowing { channel in
          Upstream(
            channel,
            NIOLoopBound(try channel.pipeline.syncOperations.handler(type: UpstreamReader.self), eventLoop: loop))
        }
        .get()
    } catch let error as CohortError {
      throw error
    } catch {
      throw CohortError(
        .serverStoreAway, "The process of the store takes no connection", cause: String(describing: error))
    }
  }

  /// The sender says how long requests are.
  private static var framed: HTTPRequestEncoder.Configuration {
    var configuration = HTTPRequestEncoder.Configuration()
    configuration.automaticallySetFramingHeaders = false
    return configuration
  }

  /// Sends a request without a body. That it was not taken is seen in the answer, which may be there all the same: the
  /// process need not have waited for the last part.
  func send(_ head: HTTPRequestHead) {
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
  }

  /// Sends a part of the request, and waits until the system has taken it, or the task is cancelled.
  /// - Throws: when the process takes no more; it may have answered before.
  func send(_ part: HTTPClientRequestPart) async throws {
    guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
    let taken = channel.eventLoop.makePromise(of: Void.self)
    try await withTaskCancellationHandler {
      channel.writeAndFlush(part).cascade(to: taken)
      try await taken.futureResult.get()
    } onCancel: {
      taken.fail(CancellationError())
    }
  }

  /// The next part of the answer.
  /// - Throws: `server.store-away` when the process went away in the middle, the reason of `close`, and for a task
  ///   that is cancelled.
  func next() async throws -> Part {
    try await withTaskCancellationHandler {
      let reader = reader
      return try await channel.eventLoop.flatSubmit { reader.value.next() }.get()
    } onCancel: {
      close(CancellationError())
    }
  }

  /// Says that nothing more is sent, though the request may be complete long since: the client's side is closed.
  func closeOutput() { channel.close(mode: .output, promise: nil) }

  /// Breaks off; whoever waits for the answer gets `reason`.
  func close(_ reason: any Error) {
    // One that is closed has told its reader.
    guard channel.isActive else { return }
    let (reader, channel) = (reader, channel)
    channel.eventLoop.execute {
      reader.value.fail(reason)
      channel.close(promise: nil)
    }
  }
}

/// Hands over what was read, one part after the other. Lives on the connection's event loop.
private final class UpstreamReader: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private var parts = CircularBuffer<Upstream.Part>()
  private var waiter: EventLoopPromise<Upstream.Part>?
  private var failure: (any Error)?
  private var context: ChannelHandlerContext?

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    fail(Self.away)
    self.context = nil
  }

  func next() -> EventLoopFuture<Upstream.Part> {
    guard let context else { return failedFuture }
    if let part = parts.popFirst() { return context.eventLoop.makeSucceededFuture(part) }
    if let failure { return context.eventLoop.makeFailedFuture(failure) }
    let promise = context.eventLoop.makePromise(of: Upstream.Part.self)
    waiter?.fail(Self.away)
    waiter = promise
    context.read()
    return promise.futureResult
  }

  /// After the connection is gone: what was read is still there.
  private var failedFuture: EventLoopFuture<Upstream.Part> {
    let loop = MultiThreadedEventLoopGroup.currentEventLoop ?? MultiThreadedEventLoopGroup.singleton.any()
    if let part = parts.popFirst() { return loop.makeSucceededFuture(part) }
    return loop.makeFailedFuture(failure ?? Self.away)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): give((100..<200).contains(head.status.code) ? .informational(head) : .head(head))
    case .body(let bytes): give(.body(bytes))
    case .end: give(.end)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // What came was not enough for a part.
    if waiter != nil { context.read() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(Self.away)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(CohortError(.serverStoreAway, "The process of the store broke off", cause: String(describing: error)))
    context.close(promise: nil)
  }

  private func give(_ part: Upstream.Part) {
    if let waiter {
      self.waiter = nil
      waiter.succeed(part)
    } else {
      parts.append(part)
    }
  }

  func fail(_ reason: any Error) {
    if failure == nil { failure = reason }
    waiter?.fail(reason)
    waiter = nil
  }

  private static var away: CohortError { CohortError(.serverStoreAway, "The process of the store went away") }
}

/// A socket's path in a form that the system takes, however long it is.
private struct SocketPlace {
  let path: String
  private var folder: Int32 = -1

  init(_ path: String) throws {
    guard path.utf8.count >= MemoryLayout.size(ofValue: sockaddr_un().sun_path) else {
      self.path = path
      return
    }
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    do throws(Errno) {
      folder = try SystemCall.open(String(path[..<slash]), O_RDONLY | O_DIRECTORY)
    } catch {
      throw CohortError(.serverStoreAway, "The folder of a socket cannot be opened", place: path, cause: error.text)
    }
    self.path = "/proc/self/fd/\(folder)\(path[slash...])"
  }

  func close() {
    if folder >= 0 { SystemCall.close(folder) }
  }
}
