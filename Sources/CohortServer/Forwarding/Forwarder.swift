internal import CohortCore
internal import CohortSystem
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1

/// Passes requests on to the processes of stores, and their answers back, piece by piece in both directions.
///
/// Each request has a connection of its own: none is shared between clients or stores, so what one of them does or does
/// not do reaches nobody else. How many there are at a time is limited for each store (`ForwardingShares`).
final class Forwarder: Sendable {
  private let stores: any ForwardedStores
  private let shares: Locked<ForwardingShares>

  init(_ stores: any ForwardedStores, limits: Limits) {
    self.stores = stores
    shares = Locked(ForwardingShares(total: limits.connections, stores: stores.all.map(\.name)))
  }

  // MARK: One request

  /// Passes a request on, and gives back the answer as soon as its headers are there.
  /// - Throws: `server.unknown-store`; `server.store-away` (503) while the store's process is not there, and when it
  ///   goes away before it answers; `server.store-silent` (504) when it is there and gives no sign of life; the damage of a
  ///   store that is closed.
  func forward(_ exchange: Exchange) async throws -> Answer {
    let store = try store(named: exchange.parameters["store"] ?? "")
    try check(store)
    guard shares.withLock({ $0.enter(store.name) }) else {
      throw CohortError(.serverBusy, "Too many requests wait for this store", place: store.name)
    }
    let pass = Pass(store, exchange) { [shares] in shares.withLock { $0.leave(store.name) } }
    do {
      return try await pass.answer()
    } catch {
      await pass.settle()
      throw Self.named(error, store)
    }
  }

  private func store(named name: String) throws(CohortError) -> ForwardedStore {
    let all = stores.all
    if let store = all.first(where: { $0.name == name }) { return store }
    let names = all.map(\.name)
    throw CohortError(
      .serverUnknownStore, "There is no store \"\(name.prefix(100))\" here",
      hint: Suggestion.closest(to: name, among: names).map { "Did you mean \($0)?" }
        ?? "There is \(names.joined(separator: ", "))")
  }

  /// What can be said without asking the process.
  private func check(_ store: ForwardedStore) throws {
    switch store.condition {
    case .open: return
    case .starting: throw Self.away("The store is being opened", store, seconds: 1)
    case .away(let seconds, let cause):
      throw Self.away("The process of the store ended, and is started again", store, cause, seconds: seconds)
    case .closed(let damage): throw damage
    case .ended: throw CohortError(.serverStopping, "The store is being closed", place: store.name)
    }
  }

  private static func away(
    _ message: String, _ store: ForwardedStore, _ cause: CohortError? = nil, seconds: Double
  ) -> Problem {
    let words = cause.map { [$0.message, $0.place, $0.cause].compactMap { $0 }.joined(separator: ": ") }
    return Problem(
      CohortError(.serverStoreAway, message, place: store.name, cause: words),
      headers: [.retryAfter: String(max(Int(seconds.rounded(.up)), 1))])
  }

  private static func named(_ error: any Error, _ store: ForwardedStore) -> any Error {
    guard var known = error as? CohortError, known.place == nil else { return error }
    guard known.code == .serverStoreAway || known.code == .serverStoreSilent else { return error }
    known.place = store.name
    return known.code == .serverStoreAway ? Problem(known, headers: [.retryAfter: "2"]) : Problem(known)
  }

  // MARK: All stores

  /// What one process says.
  struct Said: Sendable {
    let store: ForwardedStore
    /// Nil: it said nothing in time.
    let answer: (status: Int, bytes: [UInt8])?
  }

  /// Asks all processes at once; those that do not answer in time are not waited for.
  func ask(_ path: String, on loop: any EventLoop, seconds: Double = 2, limit: Int = 16 << 20) async -> [Said] {
    let all = stores.all
    return await withTaskGroup(of: (Int, Said).self) { group in
      for (index, store) in all.enumerated() {
        group.addTask {
          guard case .open = store.condition else { return (index, Said(store: store, answer: nil)) }
          let answer = try? await Self.fetch(path, from: store, on: loop, seconds: seconds, limit: limit)
          return (index, Said(store: store, answer: answer))
        }
      }
      var said: [(Int, Said)] = []
      for await one in group { said.append(one) }
      return said.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  fileprivate static func fetch(
    _ path: String, from store: ForwardedStore, on loop: any EventLoop, seconds: Double, limit: Int
  ) async throws -> (status: Int, bytes: [UInt8]) {
    let upstream = try await Upstream.connect(to: store.socket, on: loop)
    let deadline = loop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) {
      upstream.close(CohortError(.serverStoreAway, "The process of the store does not answer"))
    }
    defer {
      deadline.cancel()
      upstream.close(CancellationError())
    }
    let headers = HTTPHeaders([("Host", "localhost"), ("Connection", "close")])
    upstream.send(HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers))
    var (status, bytes) = (0, [UInt8]())
    while true {
      switch try await upstream.next() {
      case .informational: continue
      case .head(let head): status = Int(head.status.code)
      case .body(let piece):
        guard bytes.count + piece.readableBytes <= limit else { throw RequestContent.tooLarge(limit) }
        bytes.append(contentsOf: piece.readableBytesView)
      case .end: return (status, bytes)
      }
    }
  }
}

/// One request on its way. It holds a place of its store, until nobody needs its answer any more.
private final class Pass: Sendable {
  private let store: ForwardedStore
  private let exchange: Exchange
  private let leave: @Sendable () -> Void
  private let state = Locked(State())

  private struct State {
    var upstream: Upstream?
    var pump: Task<Void, Never>?
    var watch: Int?
    /// Asks the process for a sign of life when it has said nothing for long.
    var probe: Scheduled<Void>?
    /// Whether all of the request was sent on.
    var isSent = false
    /// Whether the client said that it sends nothing more.
    var isInputClosed = false
  }

  init(_ store: ForwardedStore, _ exchange: Exchange, leave: @escaping @Sendable () -> Void) {
    self.store = store
    self.exchange = exchange
    self.leave = leave
  }

  deinit {
    let (upstream, pump, watch, probe) = state.withLock { ($0.upstream, $0.pump, $0.watch, $0.probe) }
    pump?.cancel()
    probe?.cancel()
    upstream?.close(CancellationError())
    if let watch { exchange.connection.unwatch(watch) }
    leave()
  }

  /// Ends the reading of the client's body. Nobody else may read it before.
  func settle() async {
    let pump = state.withLock { $0.pump }
    pump?.cancel()
    await pump?.value
  }

  func answer() async throws -> Answer {
    let connection = exchange.connection
    let upstream = try await Upstream.connect(to: store.socket, on: connection.channel.eventLoop)
    // The process sees of the client what it would see without anybody between them.
    let watch = connection.watch { [state] in
      if connection.isClosed {
        upstream.close(CohortError(.serverGone, "The client is gone"))
      } else {
        Self.closeOutput(of: upstream, state) { $0.isInputClosed = true }
      }
    }
    state.withLock { ($0.upstream, $0.watch) = (upstream, watch) }
    scheduleProbe(upstream)
    var isPumping = false
    if !exchange.content.isThere {
      upstream.send(head)
      Self.closeOutput(of: upstream, state) { $0.isSent = true }
    } else {
      // A process that takes nothing has gone, or answered: the next lines see which.
      try? await upstream.send(.head(head))
      if !exchange.content.awaitsContinue {
        pump(upstream)
        isPumping = true
      }
    }
    while true {
      switch try await upstream.next() {
      case .informational(let head):
        if head.status == .continue, !isPumping, exchange.content.isThere {
          pump(upstream)
          isPumping = true
        }
      case .head(let head): return await answer(head, upstream)
      case .body, .end: throw CohortError(.serverStoreAway, "The process of the store gave no answer")
      }
    }
  }

  // MARK: Signs of life

  /// A verb may take as long as it takes; so a process is not given up because it has not answered, but because it does not
  /// even say that it lives. That is asked now and then until the answer is over.
  private func scheduleProbe(_ upstream: Upstream) {
    let seconds = exchange.limits.silenceSeconds
    let probe: Scheduled<Void> = exchange.connection.channel.eventLoop.scheduleTask(
      in: .nanoseconds(Int64(seconds * 1e9))
    ) { [weak self] in
      if let self { self.probe(upstream) }
    }
    state.withLock { $0.probe = probe }
  }

  private func probe(_ upstream: Upstream) {
    let (store, loop, seconds) = (store, exchange.connection.channel.eventLoop, exchange.limits.signOfLifeSeconds)
    let executor = LoopExecutor(loop)
    Task(executorPreference: executor) { [weak self] in
      defer { withExtendedLifetime(executor) {} }
      if (try? await Forwarder.fetch("/healthz", from: store, on: loop, seconds: seconds, limit: 1 << 16)) != nil {
        self?.scheduleProbe(upstream)
      } else {
        upstream.close(
          CohortError(.serverStoreSilent, "The process of the store gave no sign of life in \(Int(seconds)) seconds"))
      }
    }
  }

  /// Once the client has closed its side, and all that it sent before is sent on.
  private static func closeOutput(of upstream: Upstream, _ state: Locked<State>, _ change: (inout State) -> Void) {
    let isDue = state.withLock { state in
      change(&state)
      return state.isSent && state.isInputClosed
    }
    if isDue { upstream.closeOutput() }
  }

  private var head: HTTPRequestHead {
    var target = exchange.path
    if !exchange.query.isEmpty {
      target +=
        "?"
        + exchange.query.map { "\(RequestTarget.encoded($0.name))=\(RequestTarget.encoded($0.value))" }
        .joined(separator: "&")
    }
    return HTTPRequestHead(
      version: .http1_1, method: HTTPMethod(rawValue: exchange.method.rawValue), uri: target,
      headers: ForwardedHeaders.request(exchange))
  }

  /// Sends the client's body on, piece by piece.
  private func pump(_ upstream: Upstream) {
    let (content, state) = (exchange.content, state)
    let executor = LoopExecutor(exchange.connection.channel.eventLoop)
    let task = Task(executorPreference: executor) {
      defer { withExtendedLifetime(executor) {} }
      var pieces = content.makeAsyncIterator()
      while true {
        let piece: [UInt8]?
        do {
          piece = try await pieces.next()
        } catch {
          // The client broke off, or the rules: it is told so, and the process sees a body that did not end.
          upstream.close(error)
          return
        }
        do {
          guard let piece else {
            try await upstream.send(.end(nil))
            Self.closeOutput(of: upstream, state) { $0.isSent = true }
            return
          }
          try await upstream.send(.body(.byteBuffer(ByteBuffer(bytes: piece))))
        } catch {
          // The process takes no more: it has answered, or is gone, which whoever waits for the answer will see.
          return
        }
      }
    }
    state.withLock { $0.pump = task }
  }

  private func answer(_ head: HTTPResponseHead, _ upstream: Upstream) async -> Answer {
    let status = HTTPResponse.Status(code: Int(head.status.code), reasonPhrase: head.status.reasonPhrase)
    let headers = ForwardedHeaders.answer(head.headers)
    if exchange.content.isThere, !exchange.content.isFinished {
      // It was answered before it was complete: nobody takes the rest.
      exchange.connection.close()
      await settle()
    }
    let isEmpty = exchange.method == .head || !head.status.mayHaveResponseBody
    if isEmpty {
      await settle()
      return Answer(status, headers, .stream { _ in withExtendedLifetime(self) {} })
    }
    return Answer(
      status, headers,
      .stream { writer in
        while case .body(let piece) = try await upstream.next() {
          try await writer.write(Array(piece.readableBytesView))
        }
        withExtendedLifetime(self) {}
      })
  }
}
