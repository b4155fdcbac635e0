internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypesHTTP1

/// Stands between a connection's parser and those who answer: gives clients their time and no more, answers what is no
/// request, and closes connections so that the last answer arrives.
///
/// What a fault does depends on where it stands. In the headers, nobody else knows of the request: the guard answers, after
/// the answers to what was asked before. In a body, whoever reads it gets the fault as an error, and answers. In both
/// cases the connection ends with that answer. All of it runs on the connection's event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private var state: ConnectionState
  private let connection: Connection
  private let limits: Limits
  private let answered: @Sendable (Problem) -> Void
  /// To be answered when everything before is.
  private var waitingFault: ConnectionFault?
  private var closesAfterAnswer = false
  private var task: Scheduled<Void>?
  private var scheduledFor = NIODeadline.distantFuture
  /// Whether the parser has seen the end of the request's first line.
  private var sawFirstLine = false

  /// - Parameter answered: hears of each request that the guard itself answered.
  init(_ connection: Connection, _ limits: Limits, answered: @escaping @Sendable (Problem) -> Void) {
    self.connection = connection
    self.limits = limits
    self.answered = answered
    state = ConnectionState(limits, now: .now())
  }

  func handlerAdded(context: ChannelHandlerContext) { schedule(context) }

  func handlerRemoved(context: ChannelHandlerContext) {
    task?.cancel()
    task = nil
  }

  // MARK: Inbound

  /// Bytes that the parser is about to see.
  func bytesArrive(_ bytes: ByteBuffer) {
    if state.inbound == .between(isPartial: false) { sawFirstLine = false }
    state.bytesArrived(.now())
    if !sawFirstLine, state.inbound == .between(isPartial: true) {
      sawFirstLine = bytes.readableBytesView.contains(0x0a)
    }
  }

  func read(context: ChannelHandlerContext) {
    state.readRequested(.now())
    context.read()
    schedule(context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    guard state.inbound != .discarding else { return }
    switch part {
    case .head(let head):
      if let fault = Self.fault(in: head) {
        refuse(fault, context)
        return
      }
      let expects = head.headers["expect"].contains { $0.lowercased() == "100-continue" }
      // After a request to speak another protocol the parser stops.
      let isUpgrade = head.method == .CONNECT || head.headers.contains(name: "upgrade")
      state.headArrived(
        ConnectionState.Exchange(
          version: head.version, keepsAlive: head.isKeepAlive && !isUpgrade, isHead: head.method == .HEAD,
          awaitsContinue: expects && head.version == .http1_1), .now())
    case .body: state.bodyArrived(.now())
    case .end: state.endArrived(.now())
    }
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    // Those behind may have stopped asking for more; what is thrown away must be read all the same.
    if state.inbound == .discarding { context.read() }
    schedule(context)
  }

  private static func fault(in head: HTTPRequestHead) -> ConnectionFault? {
    guard head.version.major == 1, head.version.minor <= 1 else { return .version }
    let hosts = head.headers["host"].count
    guard hosts == 1 || hosts == 0 && head.version == .http1_0 else { return .hostHeader }
    guard (try? HTTPRequest.Method(head.method)) != nil else { return .malformed("unknown method") }
    // What is between the parser and the routes reads other schemes as if they were this one.
    let isKnownForm =
      head.uri.hasPrefix("/") || head.uri == "*" || head.uri.lowercased().hasPrefix("http://")
      || head.uri.lowercased().hasPrefix("https://")
    guard isKnownForm else { return .malformed("the address is no path") }
    // A coding that is not known leaves open where the body ends.
    let codings = head.headers["transfer-encoding"]
    guard codings.isEmpty || codings.count == 1 && codings[0].lowercased() == "chunked" && head.version == .http1_1
    else { return .malformed("unknown transfer coding") }
    return nil
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case is HTTPParserError: refuse(ConnectionFault(error, inFirstLine: !sawFirstLine), context)
    // The client is gone, or something behind the parser failed.
    default: breakOff(error, context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent {
      state.hurry()
      schedule(context)
      return
    }
    if event is FinishEvent {
      finishIfIdle(context)
      return
    }
    if case ChannelEvent.inputClosed? = event as? ChannelEvent {
      // A body without its end must never look like one that has it.
      if state.inbound == .body { refuse(.truncated, context) }
      connection.inputDidClose()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    if state.inbound == .body { breakOff(ConnectionFault.truncated, context) }
    connection.didClose()
    task?.cancel()
    context.fireChannelInactive()
  }

  /// Nothing more is taken from this client; it gets an answer if it is due one.
  private func refuse(_ fault: ConnectionFault, _ context: ChannelHandlerContext) {
    switch state.inbound {
    case .body:
      state.discard()
      closesAfterAnswer = true
      context.fireErrorCaught(fault)
    case .between:
      let isBegun = state.inbound == .between(isPartial: true)
      state.discard()
      // A client that ends between two requests gets no answer to what it did not ask.
      guard fault != .truncated || isBegun else { return }
      waitingFault = fault
      if state.exchanges.isEmpty { answerFault(context) }
    case .discarding: break
    }
    schedule(context)
  }

  private func breakOff(_ error: any Error, _ context: ChannelHandlerContext) {
    let isBody = state.inbound == .body
    state.discard()
    closesAfterAnswer = true
    if isBody { context.fireErrorCaught(ConnectionFault.truncated) }
    context.fireErrorCaught(error)
  }

  private func answerFault(_ context: ChannelHandlerContext) {
    guard let fault = waitingFault else { return }
    waitingFault = nil
    let problem = Problem(fault.error)
    answered(problem)
    let bytes = problem.bytes
    let headers: HTTPHeaders = [
      "Content-Type": Problem.mediaType, "Content-Length": String(bytes.count), "Connection": "close",
      "Date": HTTPDate.now,
    ]
    let status = HTTPResponseStatus(statusCode: problem.status.code, reasonPhrase: problem.status.reasonPhrase)
    context.write(
      wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
    finish(context, trailers: nil, promise: nil)
  }

  // MARK: Outbound

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard event is ContinueEvent else {
      context.triggerUserOutboundEvent(event, promise: promise)
      return
    }
    if let current = state.current, current.awaitsContinue, !current.hasAnswerBegun, state.inbound == .body {
      state.continued()
      let head = HTTPResponseHead(version: .http1_1, status: .continue)
      context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }
    promise?.succeed()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard let current = state.current else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    switch unwrapOutboundIn(data) {
    case .head(var head):
      if head.headers["connection"].contains("close") || !current.keepsAlive { closesAfterAnswer = true }
      frame(&head, for: current)
      state.answerBegan()
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body(let body):
      if current.isHead {
        promise?.succeed()
      } else {
        context.write(wrapOutboundOut(.body(body)), promise: promise)
      }
    case .end(let trailers):
      state.answerEnded(.now())
      if closesAfterAnswer {
        finish(context, trailers: trailers, promise: promise)
      } else {
        context.write(wrapOutboundOut(.end(trailers)), promise: promise)
        if state.exchanges.isEmpty { answerFault(context) }
      }
    }
    schedule(context)
  }

  /// Says how long the answer is in the words of the client's version, and whether the connection ends with it.
  private func frame(_ head: inout HTTPResponseHead, for exchange: ConnectionState.Exchange) {
    let mayHaveBody = head.status.mayHaveResponseBody
    if !mayHaveBody {
      head.headers.remove(name: "content-length")
    } else if !head.headers.contains(name: "content-length") {
      if exchange.version == .http1_0 {
        // Its end is the end of the connection.
        closesAfterAnswer = true
      } else if !exchange.isHead {
        head.headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
      }
    }
    head.version = exchange.version
    if closesAfterAnswer {
      head.headers.replaceOrAdd(name: "connection", value: "close")
    } else if exchange.version == .http1_0 {
      head.headers.replaceOrAdd(name: "connection", value: "keep-alive")
    }
  }

  /// Sends what was written, then says that nothing more comes, then waits a moment for the client to do the same: closing
  /// at once would throw away what the client has not read yet, if it is still sending.
  private func finish(_ context: ChannelHandlerContext, trailers: HTTPHeaders?, promise: EventLoopPromise<Void>?) {
    state.discard()
    connection.close()
    state.lastWritten(.now())
    let flushed = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    flushed.futureResult.cascade(to: promise)
    context.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: flushed)
    flushed.futureResult.whenComplete { _ in
      let (handler, context) = bound.value
      handler.state.outputClosed(.now())
      context.close(mode: .output, promise: nil)
      handler.schedule(context)
      context.read()
    }
  }

  /// Says that nothing more comes, behind what was written, unless an answer is still due.
  private func finishIfIdle(_ context: ChannelHandlerContext) {
    guard state.exchanges.isEmpty, state.inbound != .discarding else { return }
    state.discard()
    connection.close()
    state.outputClosed(.now())
    context.close(mode: .output, promise: nil)
    context.read()
    schedule(context)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    state.writabilityChanged(context.channel.isWritable, .now())
    context.fireChannelWritabilityChanged()
    schedule(context)
  }

  // MARK: Time

  private func schedule(_ context: ChannelHandlerContext) {
    guard context.channel.isActive, let deadline = state.deadline, deadline.time < scheduledFor else { return }
    task?.cancel()
    scheduledFor = deadline.time
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    task = context.eventLoop.scheduleTask(deadline: deadline.time) {
      let (handler, context) = bound.value
      handler.look(context)
    }
  }

  private func look(_ context: ChannelHandlerContext) {
    scheduledFor = .distantFuture
    task = nil
    guard let deadline = state.deadline else { return }
    guard deadline.time <= .now() else {
      schedule(context)
      return
    }
    switch deadline.reason {
    case .header where !state.isUntouched: refuse(.slowHeader, context)
    case .body: refuse(.slowBody, context)
    case .header, .idle, .stalled, .lingering: context.close(promise: nil)
    }
    schedule(context)
  }
}

/// Lets the guard know of bytes before the parser has made anything of them.
final class ByteWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let guarding: ConnectionGuard

  init(_ guarding: ConnectionGuard) { self.guarding = guarding }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guarding.bytesArrive(unwrapInboundIn(data))
    context.fireChannelRead(data)
  }
}
