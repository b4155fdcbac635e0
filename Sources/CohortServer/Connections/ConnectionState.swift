internal import NIOCore
internal import NIOHTTP1

/// What a connection is doing, as far as it decides what its client may take time for: a pure value, which the guard of
/// the connection asks.
struct ConnectionState {
  /// A request that was passed on and whose answer is not complete.
  struct Exchange {
    let version: HTTPVersion
    let keepsAlive: Bool
    let isHead: Bool
    /// The client waits for a word before it sends the body.
    var awaitsContinue: Bool
    var hasAnswerBegun = false
  }

  /// Where in what the client sends.
  enum Inbound: Equatable {
    /// Between two requests; `isPartial` when the next one has begun.
    case between(isPartial: Bool)
    /// In the body of a request.
    case body
    /// Nothing that comes is looked at any more.
    case discarding
  }

  /// Why a connection's time is over.
  enum Overdue: Equatable {
    /// The headers of a request took too long; nothing of it was passed on.
    case header
    /// Nothing was asked for a while.
    case idle
    /// The body of a request made a pause.
    case body
    /// The client takes nothing of its answer.
    case stalled
    /// The client does not close its side.
    case lingering
  }

  private let header, idle, stall, linger: TimeAmount
  private var body: TimeAmount

  private(set) var inbound = Inbound.between(isPartial: false)
  private(set) var exchanges: [Exchange] = []
  private var isFresh = true
  /// When the phase began that the inbound side is in, or made progress last.
  private var since: NIODeadline
  /// Whether the client's bytes are asked for: else its silence is not its fault.
  private var isReading = false
  private var unwritableSince: NIODeadline?
  private var endWritten: NIODeadline?
  private var outputClosed: NIODeadline?

  init(_ limits: Limits, now: NIODeadline) {
    func amount(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(seconds * 1e9)) }
    header = amount(limits.headerSeconds)
    body = amount(limits.bodySeconds)
    idle = amount(limits.idleSeconds)
    stall = amount(limits.stallSeconds)
    linger = amount(limits.lingerSeconds)
    since = now
  }

  // MARK: What the client sends

  mutating func readRequested(_ now: NIODeadline) {
    guard !isReading else { return }
    isReading = true
    if inbound == .body { since = now }
  }

  mutating func bytesArrived(_ now: NIODeadline) {
    isReading = false
    if inbound == .between(isPartial: false) {
      inbound = .between(isPartial: true)
      since = now
    }
  }

  mutating func headArrived(_ exchange: Exchange, _ now: NIODeadline) {
    (inbound, isFresh, since) = (.body, false, now)
    exchanges.append(exchange)
  }

  mutating func bodyArrived(_ now: NIODeadline) { since = now }

  /// - Returns: whether further requests are welcome.
  mutating func endArrived(_ now: NIODeadline) {
    guard inbound == .body else { return }
    let isLast = exchanges.last.map { !$0.keepsAlive } ?? false
    (inbound, since) = (isLast ? .discarding : .between(isPartial: false), now)
  }

  /// The server is about to end: a body that makes a pause is not waited for any more.
  mutating func hurry() { body = min(body, .seconds(1)) }

  /// Nothing more is taken from the client.
  mutating func discard() { inbound = .discarding }

  // MARK: What goes back

  /// The exchange whose answer is being written.
  var current: Exchange? { exchanges.first }

  mutating func continued() {
    if !exchanges.isEmpty { exchanges[0].awaitsContinue = false }
  }

  mutating func answerBegan() {
    if !exchanges.isEmpty { exchanges[0].hasAnswerBegun = true }
  }

  mutating func answerEnded(_ now: NIODeadline) {
    if !exchanges.isEmpty { exchanges.removeFirst() }
    if exchanges.isEmpty, case .between = inbound { since = now }
  }

  mutating func writabilityChanged(_ isWritable: Bool, _ now: NIODeadline) {
    unwritableSince = isWritable ? nil : now
  }

  /// The last byte was handed over; the connection closes when it is sent.
  mutating func lastWritten(_ now: NIODeadline) { endWritten = now }

  mutating func outputClosed(_ now: NIODeadline) {
    endWritten = nil
    outputClosed = now
  }

  // MARK: How long

  /// When somebody has to look again, and what is overdue then.
  var deadline: (time: NIODeadline, reason: Overdue)? {
    if let outputClosed { return (outputClosed + linger, .lingering) }
    var candidates: [(time: NIODeadline, reason: Overdue)] = []
    if let unwritableSince { candidates.append((unwritableSince + stall, .stalled)) }
    if let endWritten { candidates.append((endWritten + stall, .stalled)) }
    switch inbound {
    case .body: if isReading { candidates.append((since + body, .body)) }
    case .between(let isPartial):
      if isFresh || isPartial && isReading {
        candidates.append((since + header, .header))
      } else if exchanges.isEmpty {
        candidates.append((since + idle, .idle))
      }
    case .discarding: break
    }
    return candidates.min { $0.time < $1.time }
  }

  /// Whether nothing at all came of the first request.
  var isUntouched: Bool { isFresh && inbound == .between(isPartial: false) }
}
