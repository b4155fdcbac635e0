internal import CohortCore
internal import CohortIngestion
internal import CohortPipeline
internal import CohortStore
internal import CohortSystem

/// One request to take in samples, from its head to its answer.
///
/// A task gives the body piece by piece (`write`), then waits for the outcome (`finish`). A body that stays small is kept
/// in memory and stored together with others; one that does not is read in slices while it comes.
public final class IntakeSession: Sendable {
  private enum Phase {
    /// All that came is here.
    case held([UInt8])
    case streaming(BodyPipe)
    /// The request was carried out before: the body is only compared.
    case compared(AnsweredRequest)
  }

  private struct State {
    var phase: Phase
    var received: UInt64 = 0
    var isEnded = false
    var outcome: IntakeOutcome?
    /// Tasks that wait for the outcome, by a number.
    var waiters: [Int: CheckedContinuation<IntakeOutcome?, Never>] = [:]
    var lastWaiter = 0

    mutating func nextWaiter() -> Int {
      lastWaiter += 1
      return lastWaiter
    }
  }

  let request: IntakeRequest
  private let intake: SampleIntake
  private let state: Locked<State>
  /// Of the request and its body; only where there is a key.
  private let digest: Locked<BodyDigest>?
  /// When the last byte had come.
  private let ended = Locked<Int64?>(nil)

  init(_ request: IntakeRequest, known: AnsweredRequest?, intake: SampleIntake) {
    self.request = request
    self.intake = intake
    state = Locked(State(phase: known.map { .compared($0) } ?? .held([])))
    digest = request.key == nil ? nil : Locked(BodyDigest(request.canonical))
  }

  // MARK: The client's task

  /// Takes what came next of the body; waits until there is room for more.
  /// - Returns: false when the rest of the body is not needed: ask `finish` for the outcome.
  public func write(_ bytes: [UInt8]) async -> Bool {
    enum Next {
      case done, go
      case begin(BodyPipe)
      case pipe(BodyPipe)
    }
    digest?.withLock { $0.add(bytes) }
    let limits = intake.limits
    let next = state.withLock { state -> Next in
      guard state.outcome == nil else { return .done }
      state.received += UInt64(bytes.count)
      let isTooLarge = state.received > limits.bodyBytes
      switch state.phase {
      case .compared: return .go
      case .streaming(let pipe): return .pipe(pipe)
      case .held(var held):
        // Not copied while it grows.
        state.phase = .held([])
        held.append(contentsOf: bytes)
        guard held.count > limits.smallBytes || isTooLarge else {
          state.phase = .held(held)
          return .go
        }
        let pipe = BodyPipe(
          held, capacity: limits.pipeBytes, idleSeconds: limits.idleSeconds,
          waits: { [intake] in intake.reader(waits: $0) })
        state.phase = .streaming(pipe)
        return .begin(pipe)
      }
    }
    switch next {
    case .done: return false
    case .go: return true
    case .begin(let pipe):
      guard checkEncoding(of: pipe), intake.stream(self, pipe) else { return false }
      return await check(pipe, pipe.write([]))
    case .pipe(let pipe): return await check(pipe, pipe.write(bytes))
    }
  }

  private func check(_ pipe: BodyPipe, _ isWanted: Bool) -> Bool {
    guard state.withLock({ $0.received }) > intake.limits.bodyBytes else { return isWanted }
    pipe.fail(.bodyTooLarge(intake.limits.bodyBytes))
    return false
  }

  /// The body is whole. - Returns: the outcome, once what it says is durable.
  public func finish() async -> IntakeOutcome {
    end()
    // It comes in any case, and a task that was cancelled has to tell of it, too: no cancellation ends this wait.
    let outcome = await withCheckedContinuation { wait($0) { false } }
    return outcome ?? .brokenOff
  }

  /// Waits for the outcome, which can come before the body's end. - Returns: nil when the task was cancelled before.
  func decision() async -> IntakeOutcome? {
    let number = state.withLock { $0.nextWaiter() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { wait($0, as: number) { Task.isCancelled } }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: nil)
    }
  }

  /// Resumes with the outcome once it is there; at once when it is, or when nobody waits any more.
  private func wait(
    _ continuation: CheckedContinuation<IntakeOutcome?, Never>, as number: Int? = nil, unless isCancelled: () -> Bool
  ) {
    let isKnown = state.withLock { state in
      // Looked at in here: whoever cancels afterwards finds the waiter.
      guard state.outcome == nil, !isCancelled() else { return true }
      state.waiters[number ?? state.nextWaiter()] = continuation
      return false
    }
    if isKnown { continuation.resume(returning: state.withLock { $0.outcome }) }
  }

  /// The outcome; blocks the calling thread until it is there.
  var outcome: IntakeOutcome { state.waitQuietly { $0.outcome } }

  /// The body is whole; what is left to do goes on by itself.
  func end() {
    ended.withLock { $0 = SystemClock.steady }
    enum Last {
      case done
      case end(BodyPipe)
      case store([UInt8])
      case compare(AnsweredRequest)
    }
    let last = state.withLock { state -> Last in
      guard state.outcome == nil, !state.isEnded else { return .done }
      state.isEnded = true
      switch state.phase {
      case .held(let bytes):
        state.phase = .held([])
        return .store(bytes)
      case .streaming(let pipe): return .end(pipe)
      case .compared(let known): return .compare(known)
      }
    }
    switch last {
    case .done: break
    case .end(let pipe): pipe.end()
    case .compare(let known): complete(compare(known))
    case .store(let bytes): if checkEncoding(of: bytes) { intake.store(self, bytes) }
    }
  }

  /// The client is gone, or what it sends is no body. What was committed stays; a body that was whole is stored all the
  /// same.
  public func abort() {
    let pipe = state.withLock { state -> BodyPipe? in
      if case .streaming(let pipe) = state.phase { return pipe }
      return nil
    }
    if let pipe {
      // It ends by itself, with what came.
      return pipe.fail(
        CohortError(.bodyBrokenOff, "The body broke off", hint: "Send it again: what was stored is known then"))
    }
    if !state.withLock({ $0.isEnded }) { complete(.brokenOff) }
  }

  private func compare(_ known: AnsweredRequest) -> IntakeOutcome {
    guard known.digest == bodyDigest else {
      return .failed(
        IntakeFailure(
          CohortError(
            .serverIdempotency, "The Idempotency-Key belongs to another request, which was carried out before",
            hint: "Draw a new key for a new request; the same key stands for the same parameters and the same body")))
    }
    return .answered(known.answer, isReplay: true)
  }

  /// A body that is said to be compressed begins as one.
  private func checkEncoding(of bytes: [UInt8]) -> Bool {
    guard request.encoding != .identity, !bytes.isEmpty, !Unfolding.isPacked(bytes) else { return true }
    complete(
      .failed(
        IntakeFailure(
          CohortError(
            .bodyNotPacked, "The body is not compressed, but the Content-Encoding is \(request.encoding.rawValue)",
            hint: "Leave the header out, or compress the body"))))
    return false
  }

  private func checkEncoding(of pipe: BodyPipe) -> Bool {
    guard request.encoding != .identity else { return true }
    return checkEncoding(of: pipe.head)
  }

  // MARK: The intake

  /// The digest of the request and of what came of its body.
  var bodyDigest: Digest128 { digest?.withLock { $0.finish() } ?? Digest128(high: 0, low: 0) }

  /// Bytes that came.
  var received: UInt64 { state.withLock { $0.received } }

  /// Seconds since the last byte came; nil while the body is not whole.
  var secondsSinceEnd: Double? { ended.withLock { $0 }.map { Double(SystemClock.steady - $0) / 1e9 } }

  /// Tells the outcome; only the first one counts.
  func complete(_ outcome: IntakeOutcome) {
    let waiters = state.change { state -> [CheckedContinuation<IntakeOutcome?, Never>]? in
      guard state.outcome == nil else { return nil }
      state.outcome = outcome
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    guard let waiters else { return }
    intake.ended(self, outcome)
    for waiter in waiters { waiter.resume(returning: outcome) }
  }
}

/// The running digest of a request.
private final class BodyDigest {
  private var digest = StreamingDigest()

  init(_ canonical: String) {
    let bytes = Array(canonical.utf8)
    digest.update(UInt64(bytes.count))
    add(bytes)
  }

  func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { digest.update($0) } }

  func finish() -> Digest128 { digest.finish() }
}
