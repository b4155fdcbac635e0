internal import CohortEmbedding
internal import CohortCore
internal import CohortSystem

/// What a caller may set for tests and for its own life cycle; none of it changes a vector.
public struct ServerOptions: Sendable {
  /// Time and pauses; tests put a clock of their own here.
  public var clock = ServerClock.system
  /// Of the jitter between tries.
  public var seed: UInt64
  /// Asked several times a second while a call waits. When it says so, the call throws `embedding.interrupted`.
  public var shouldStop: @Sendable () -> Bool = { false }
  /// Counts the tokens of a text; nil estimates three bytes a token.
  public var countTokens: (@Sendable (String) -> Int)?

  public init(seed: UInt64 = .random(in: 0 ... .max)) { self.seed = seed }
}

/// Requests to one server: their number at a time, their tries, and the pauses between them.
final class ServerSession: Sendable {
  let configuration: ProviderConfiguration
  let options: ServerOptions
  let dialect: any Dialect
  private let key: APIKey?
  private let transport: HTTPTransport
  /// How many more requests may be sent now.
  private let places: Locked<Int>
  private let state = Locked(State())

  private struct State {
    var format = VectorFormat.automatic
    var dimension: Int?
    /// No request starts before: the server asked all of us to wait.
    var pausedUntil = -Double.infinity
    var requests: UInt64 = 0
    var draws: UInt64 = 0
  }

  /// How a request ended that was tried until it was clear.
  enum Outcome {
    case vectors([[Float]])
    /// - Parameter isProven: whether the server was seen to work on another text since.
    case rejected(String, isProven: Bool)
  }

  init(_ configuration: ProviderConfiguration, key: APIKey?, options: ServerOptions) throws {
    try configuration.validate()
    let address = try ServerAddress(configuration.url)
    guard key == nil || address.isEncrypted || address.isLocal || configuration.allowsPlainKey else {
      throw CohortError(
        .embeddingKeyInClear, "The key would go over the network without encryption", place: configuration.url,
        hint: "Use https, or --allow-plain-http if you trust the network")
    }
    self.configuration = configuration
    self.options = options
    self.key = key
    dialect = try configuration.dialect()
    transport = try HTTPTransport(configuration, key: key)
    places = Locked(configuration.concurrency)
    state.withLock { $0.format = configuration.format }
  }

  var format: VectorFormat {
    get { state.withLock { $0.format } }
    set { state.withLock { $0.format = newValue } }
  }

  /// Values of a vector, once they are known.
  var dimension: Int? {
    get { state.withLock { $0.dimension } }
    set { state.withLock { $0.dimension = newValue } }
  }

  /// Requests sent so far.
  var requests: UInt64 { state.withLock { $0.requests } }

  /// Asks once.
  /// - Returns: a vector a text; their values are not looked at.
  func attempt(_ texts: [String]) throws(Setback) -> [[Float]] {
    let request = dialect.request(for: texts, format: format)
    // No number takes more than 32 bytes; what is longer is not an answer.
    let limit = 1 << 20 + texts.count * 32 * (dimension ?? 65_536)
    let answer = try answer(request.url, body: request.body, limit: limit)
    do {
      return try dialect.vectors(in: answer.body, count: texts.count)
    } catch {
      var reason = (error as? AnswerError)?.reason ?? "the answer cannot be read"
      if let type = answer.contentType, !type.hasPrefix("application/json") {
        reason += " (it says that it is \(SafeText.excerpt(type, without: key)))"
      }
      throw .wrong(reason)
    }
  }

  /// What the server tells about its model; nothing if it does not, or not now.
  func information() throws(CohortError) -> ServerInformation {
    guard let url = dialect.informationURL else { return ServerInformation() }
    do {
      var told = dialect.information(in: try answer(url, body: nil, limit: 16 << 20).body)
      told.model = told.model.map { SafeText.excerpt($0, without: key) }
      told.revision = told.revision.map { SafeText.excerpt($0, without: key) }
      return told
    } catch .fatal(let error) where error.category == .interrupted {
      throw error
    } catch {
      return ServerInformation()
    }
  }

  func answer(_ url: String, body: [UInt8]?, limit: Int) throws(Setback) -> ServerAnswer {
    while places.wait(seconds: 0.05, { places in places > 0 ? (places -= 1) : nil }) == nil {
      if options.shouldStop() { throw .fatal(.interrupted) }
    }
    defer { places.change { $0 += 1 } }
    state.withLock { $0.requests += 1 }
    var answer: ServerAnswer
    do {
      answer = try transport.send(url, body: body, limit: limit, shouldStop: options.shouldStop)
    } catch {
      throw Setback(error, place: url)
    }
    answer.location = answer.location.map { SafeText.excerpt($0, without: key) }
    let words = SafeText.excerpt(String(decoding: answer.body.prefix(65_536), as: UTF8.self), without: key)
    if let setback = Setback(answer, words: words, place: url, date: options.clock.date()) { throw setback }
    return answer
  }

  /// Tries a request until it succeeds, is rejected, or nothing more is to be hoped for.
  /// - Parameters:
  ///   - patience: seconds for all tries and pauses.
  ///   - suspicion: after how many disturbed tries `control` is asked whether the server works at all: if it does, the
  ///     texts are to blame. Nil: never.
  /// - Throws: `CohortError` when no text is to blame.
  func persist(
    patience: Double, suspicion: Int?, control: () throws(Setback) -> Void, attempt: () throws(Setback) -> [[Float]]
  ) throws(CohortError) -> Outcome {
    let started = options.clock.now()
    var (failed, disturbed, changed, wrong) = (0, 0, 0, 0)
    while true {
      try rest(until: state.withLock { $0.pausedUntil })
      let setback: Setback
      do {
        return .vectors(try attempt())
      } catch {
        setback = error
      }
      failed += 1
      var wait = RetryDelay.backOff(attempt: failed, random: draw())
      let (reason, code): (String, ErrorCode)
      switch setback {
      case .fatal(let error): throw error
      case .rejected(let reason): return .rejected(reason, isProven: false)
      case .changed(let reason):
        changed += 1
        guard changed < 3 else { throw Self.modelChanged(reason, place: configuration.url) }
        continue
      case .disturbed(let cause, let retryAfter):
        (reason, code) = (cause, .embeddingServerFailed)
        wait = max(wait, retryAfter ?? 0)
        disturbed += 1
        if let suspicion, disturbed >= suspicion, (try? control()) != nil { return .rejected(reason, isProven: true) }
      case .wrong(let cause):
        wrong += 1
        (reason, code) = (cause, wrong == failed ? .embeddingServerWrong : .embeddingServerFailed)
        disturbed += 1
        if let suspicion, disturbed >= suspicion, (try? control()) != nil { return .rejected(reason, isProven: true) }
      case .away(let cause, let kind, let retryAfter):
        (reason, code) = (cause, kind)
        wait = max(wait, retryAfter ?? 0)
      }
      let now = options.clock.now()
      guard now - started + wait <= patience else { throw givenUp(reason, code, wait: wait) }
      // The other calls wait as well; a pause that is too long for this one's patience would be for theirs.
      if case .away(_, _, .some) = setback { state.withLock { $0.pausedUntil = max($0.pausedUntil, now + wait) } }
      try rest(until: now + wait)
    }
  }

  private func draw() -> UInt64 {
    let draw = state.withLock { state in
      state.draws += 1
      return state.draws
    }
    return Mixing.key(options.seed, draw)
  }

  private func rest(until moment: Double) throws(CohortError) {
    while true {
      if options.shouldStop() { throw .interrupted }
      let left = moment - options.clock.now()
      guard left > 0 else { return }
      options.clock.sleep(min(left, 0.1))
    }
  }

  private func givenUp(_ reason: String, _ code: ErrorCode, wait: Double) -> CohortError {
    let message =
      switch code {
      case .embeddingServerUnreachable: "The embedding server cannot be reached"
      case .embeddingServerBusy: "The embedding server has too much to do"
      case .embeddingServerWrong: "The embedding server gives answers that are none"
      default: "The embedding server keeps failing"
      }
    let hint =
      code == .embeddingServerWrong
      ? "Check --provider, --url and --model; 'cohort embed check' tries the server. The same again will not help"
      : wait > RetryDelay.most
        ? "It asks to be left alone for \(Int(wait.rounded(.up))) s; --patience says how long to wait"
        : "Look after the server, then run the same command again: nothing done so far is lost"
    return CohortError(
      code, message, place: configuration.url, cause: reason, hint: hint)
  }

  static func modelChanged(_ reason: String, place: String) -> CohortError {
    CohortError(
      .embeddingModelChanged, "The embedding server answers with another model than before", place: place,
      cause: reason,
      hint: "Bring the old model back, or create a space for the new one: vectors of two models never mix")
  }
}
