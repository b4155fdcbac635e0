internal import CohortActions
internal import CohortCore
internal import CohortIngestion
public import CohortPipeline
internal import CohortStore
internal import CohortSystem

/// Takes in samples for one store, from any number of requests at the same time.
///
/// Small bodies are prepared side by side, and stored in the order in which they were whole: all that are ready go into
/// one transaction, so that the disk's latency is paid once for many. Large ones are read in slices while they come, some
/// at the same time; each slice is a transaction, so they take turns. Whoever sends faster than the store takes is slowed
/// down, and whoever sends slowly takes nobody's turn. Nobody is answered before all is durable.
public final class SampleIntake: Sendable {
  /// What requests may cost.
  public struct Limits: Sendable {
    /// Bytes of a body, unpacked.
    public var bodyBytes: UInt64 = 16 << 30
    /// Bodies up to this size, unpacked, are stored at once.
    public var smallBytes = 1 << 20
    /// Bytes and bodies that one transaction stores together.
    public var groupBytes = 8 << 20
    public var groupBodies = 128
    /// Threads that prepare small bodies.
    public var workers = 2
    /// Large bodies that are read at the same time, and those that may wait for it.
    public var streams = 8
    public var waitingStreams = 64
    /// Small bodies that may wait to be stored.
    public var waitingBodies = 512
    /// Large bodies whose clients keep their readers waiting, beyond `streams`.
    public var slowStreams = 56
    /// Bytes that wait between a client and the thread that reads its body.
    public var pipeBytes = 1 << 20
    /// Seconds without a byte of a large body after which it is given up.
    public var idleSeconds = 60.0

    public init() {}
  }

  /// A small body on its way.
  struct Small: Sendable {
    let session: IntakeSession
    let body: [UInt8]
  }

  /// What became of it.
  struct Prepared: Sendable {
    enum Result: Sendable {
      case ready(PreparedInput)
      /// It unfolds to too much to be stored at once.
      case large
      case failed(CohortError)
    }

    let session: IntakeSession
    let body: [UInt8]
    let result: Result

    /// What it adds to a transaction, in bytes.
    var weight: Int {
      if case .ready(let input) = result { return input.memoryBytes / 2 }
      return 0
    }
  }

  struct State {
    var isStopping = false
    /// Small bodies that were not fetched yet.
    var small = Waiting<Small>()
    /// Small bodies that are not stored.
    var bodies = 0
    /// Bytes of those that were fetched and are not stored.
    var preparing = 0
    /// Large ones that wait for a thread, and pipes of those that have one.
    var large = Waiting<(session: IntakeSession, pipe: BodyPipe)>()
    var reading: [ObjectIdentifier: BodyPipe] = [:]
    /// Threads that read large ones.
    var readers = 0
    /// Those of them that wait for their clients.
    var idleReaders = 0
    /// Threads that prepare and store small ones.
    var queue: OrderedQueue<Prepared>?
    var storing: WorkThread?
    /// Keys of requests that are under way.
    var keys: Set<String> = []
  }

  let limits: Limits
  let host: any HostedStore
  let state = Locked(State())
  let counted = Locked(IntakeStatistics())
  /// Read once, since the store never counts otherwise.
  private let counter = Locked<(@Sendable (UnsafeRawBufferPointer) -> Int)??>(nil)

  public init(_ host: any HostedStore, limits: Limits = Limits()) {
    self.host = host
    self.limits = limits
  }

  /// How bodies are read unless a request says otherwise.
  public var defaults: IngestRequest { host.ingestion }

  /// What was taken in so far.
  public var statistics: IntakeStatistics {
    var statistics = counted.withLock { $0 }
    (statistics.streams, statistics.waitingStreams) = state.withLock { ($0.readers, $0.large.count) }
    statistics.waitingBodies = state.withLock { $0.bodies }
    return statistics
  }

  // MARK: Sessions

  /// Begins a request. Looks into the store: not for an event loop.
  /// - Throws: why the body need not be sent.
  public func begin(_ request: IntakeRequest) throws(IntakeFailure) -> IntakeSession {
    if state.withLock({ $0.isStopping }) { throw IntakeFailure(.stopping) }
    if request.encoding == .identity, let length = request.length, length > limits.bodyBytes {
      throw IntakeFailure(.bodyTooLarge(limits.bodyBytes))
    }
    let isReserved = request.key.map { key in state.withLock { $0.keys.insert(key).inserted } } ?? true
    guard isReserved else {
      throw IntakeFailure(
        CohortError(
          .serverUnderWay, "A request with this Idempotency-Key is under way", hint: "Wait for its answer, or ask again"
        ))
    }
    do throws(IntakeFailure) {
      let (request, known) = try complete(request)
      if known == nil, let shortage = host.shortage() {
        throw IntakeFailure(shortage, status: Problem.insufficientStorage)
      }
      return IntakeSession(request, known: known, intake: self)
    } catch {
      release(request)
      throw error
    }
  }

  /// Adds what the store decides, and what was answered before under the key.
  private func complete(
    _ request: IntakeRequest
  ) throws(IntakeFailure) -> (request: IntakeRequest, known: AnsweredRequest?) {
    var request = request
    do {
      let store = try host.open()
      let scope = request.ingest.dedupe ?? store.configuration.dedupe
      guard scope != .none || request.key != nil else {
        throw CohortError(
          .serverNeedsKey, "Without a look for duplicates, a request that is sent again would store everything twice",
          hint: "Give it an Idempotency-Key, or look for duplicates: dedupe=source")
      }
      request.storesAtOnce = scope == .none
      request.ingest.options.countTokens = try tokenCounter(store)
      let known = try request.key.flatMap { key in
        try store.read { try $0.answered(key, at: SystemSources.milliseconds()) }
      }
      return (request, known)
    } catch {
      throw IntakeFailure(CohortError(describing: error, as: .serverIntake))
    }
  }

  private func tokenCounter(_ store: Store) throws -> (@Sendable (UnsafeRawBufferPointer) -> Int)? {
    try counter.withLock { counter in
      if let known = counter { return known }
      let new = try IngestJob.counter(of: store)
      counter = .some(new)
      return new
    }
  }

  private func release(_ request: IntakeRequest) {
    if let key = request.key { _ = state.withLock { $0.keys.remove(key) } }
  }

  /// A session has its outcome.
  func ended(_ session: IntakeSession, _ outcome: IntakeOutcome) {
    release(session.request)
    let seconds = session.secondsSinceEnd
    counted.withLock { counted in
      counted.bytes += session.received
      switch outcome {
      case .answered(_, isReplay: true): counted.replays += 1
      case .answered:
        counted.requests += 1
        if let seconds { counted.commitSeconds.add(seconds) }
      case .failed, .brokenOff: counted.failures += 1
      }
    }
  }

  /// Takes no new requests from now on. Bodies that are whole are stored; those that are still coming end after the
  /// slice that is being stored.
  /// - Parameter seconds: how long to wait for that.
  /// - Returns: whether all have their outcome.
  @discardableResult
  public func stop(within seconds: Double = 1e6) -> Bool {
    beginStop()
    let isQuiet: Bool? = state.wait(seconds: seconds) { $0.readers == 0 && $0.bodies == 0 ? true : nil }
    guard isQuiet != nil else { return false }
    let (storing, queue) = state.withLock { ($0.storing, $0.queue) }
    storing?.join()
    queue?.close()
    return true
  }

  /// The first part of `stop`: does not wait.
  func beginStop() {
    let (pipes, waiting) = state.change { state in
      state.isStopping = true
      defer { state.large = Waiting() }
      return (Array(state.reading.values), state.large.all)
    }
    for pipe in pipes { pipe.fail(Self.stopped) }
    for (session, pipe) in waiting {
      pipe.close()
      session.complete(.failed(IntakeFailure(.stopping)))
    }
  }

  private static let stopped = CohortError(
    .bodyStopped, "The server stops while the body is read", hint: "Send it again: what was stored is known then")
}
