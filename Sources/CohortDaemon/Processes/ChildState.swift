import CohortCore

/// What becomes of the process of a store: a state machine without processes and clocks, which a driver acts for.
///
/// A process that ends though nobody asked it to is started again: after a second, then after twice as long each time,
/// up to a minute; ten minutes of service forgive what was before. It stays ended when its store is damaged:
///
/// - It says so itself, by exit code 4: damage that it found, or a page whose reading would have ended it (`DamageSignals`).
/// - It crashed twice in a row, the second time within a minute of its start. Both a damaged page and a defect of the
///   program can do that, so a process of its own then *looks*: it reads all that is stored, and serves nobody. If the
///   look finds damage, or crashes as well, the store is closed; if all is whole, it is the program's fault, and
///   the store is started again as after any other end. There is one look until ten minutes of service were had.
struct ChildState: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// Where the process is.
  enum Phase: Hashable, Sendable {
    /// It was started, and does not own its store yet.
    case opening(since: Instant)
    /// It owns its store, and waits for the word to begin.
    case opened(since: Instant)
    /// It works and answers.
    case serving(since: Instant)
    /// It reads the whole store, because it crashed twice.
    case looking(since: Instant)
    /// There is no process; the next one comes then.
    case waiting(until: Instant, ThenDo)
    /// There is none and will be none: the store is damaged.
    case closed
    /// There is none and will be none: its work is done, or somebody asked for the end.
    case ended
  }

  /// What a process is started for.
  enum ThenDo: Hashable, Sendable { case serve, look }

  /// What the driver is to do about an end.
  enum Reaction: Hashable, Sendable {
    case startAgain(ThenDo, after: Duration)
    case close(CohortError)
    /// It was the last one.
    case leave
  }

  static let forgiveness = Duration.seconds(600)
  static let longestPause = 60
  /// A crash this soon after a start, and right after another one, does not come from rare circumstances.
  static let quickCrash = Duration.seconds(60)

  /// The store's folder: the place of damage that nobody else can name.
  let store: String
  /// Whether the process ends by itself when its work is done.
  let runsOnce: Bool

  private(set) var phase: Phase
  /// Ends in a row without ten minutes of service.
  private(set) var failures = 0
  private var starts = 0
  /// The last one's exit code, when it is the last.
  private(set) var exitCode: Int32?
  /// Why the store is closed, or why its last process ended.
  private(set) var trouble: CohortError?

  private var isStopping = false
  private var lastWasCrash = false
  private var hasLooked = false

  init(store: String, runsOnce: Bool = false, at now: Instant) {
    self.store = store
    self.runsOnce = runsOnce
    phase = .waiting(until: now, .serve)
  }

  /// Processes started after the first one.
  var restarts: Int { max(starts - 1, 0) }

  /// When the next process is due.
  var due: (instant: Instant, for: ThenDo)? {
    if case .waiting(let instant, let what) = phase { (instant, what) } else { nil }
  }

  /// Whether there is a process.
  var isRunning: Bool {
    switch phase {
    case .opening, .opened, .serving, .looking: true
    case .waiting, .closed, .ended: false
    }
  }

  /// Whether no process will come any more.
  var isOver: Bool { phase == .closed || phase == .ended }

  // MARK: What happens

  /// A process was started because it was due.
  mutating func started(_ what: ThenDo, at now: Instant) {
    starts += 1
    phase = what == .look ? .looking(since: now) : .opening(since: now)
  }

  /// It says that it owns the store.
  mutating func opened() {
    if case .opening(let since) = phase { phase = .opened(since: since) }
  }

  /// It says that it serves.
  mutating func isReady(at now: Instant) {
    switch phase {
    case .opening, .opened:
      phase = .serving(since: now)
      trouble = nil
    default: break
    }
  }

  /// Somebody asks for the end: whatever ends from here on stays ended.
  mutating func stop() {
    isStopping = true
    if case .waiting = phase { (phase, exitCode) = (.ended, 0) }
  }

  /// Somebody says that a store closed by damage was mended.
  mutating func reopen(at now: Instant) {
    guard phase == .closed, !isStopping else { return }
    phase = .waiting(until: now, .serve)
    (failures, lastWasCrash, hasLooked, exitCode) = (0, false, false, nil)
  }

  /// The process ended.
  /// - Parameter words: what it said of that.
  mutating func ended(_ ending: ChildEnding, saying words: CohortError?, at now: Instant) -> Reaction {
    let before = phase
    if case .serving(let since) = before, now - since >= Self.forgiveness {
      (failures, lastWasCrash, hasLooked) = (0, false, false)
    }
    if isStopping {
      if ending == .exited(4) { trouble = words ?? damage(by: ending) }
      return leave(ending)
    }
    if case .looking = before { return looked(ending, words, at: now) }
    if ending == .exited(4) { return close(words ?? damage(by: ending)) }
    if runsOnce { return leave(ending) }
    failures += 1
    trouble =
      words
      ?? CohortError(
        .daemonChildGone, "The process of the store ended", place: store, cause: ending.text)
    let isSecondCrash = ending.isCrash && lastWasCrash && now - start(of: before, now) < Self.quickCrash
    lastWasCrash = ending.isCrash
    return again(isSecondCrash && !hasLooked ? .look : .serve, at: now)
  }

  // MARK: What follows

  private mutating func looked(_ ending: ChildEnding, _ words: CohortError?, at now: Instant) -> Reaction {
    if ending == .exited(4) { return close(words ?? damage(by: ending)) }
    if ending.isCrash { return close(damage(by: ending)) }
    // Whole, or it could not be told: then the next start tells more.
    hasLooked = ending == .exited(0)
    return again(.serve, at: now)
  }

  private func damage(by ending: ChildEnding) -> CohortError {
    .damaged(store: store, page: nil, cause: ending.text)
  }

  private mutating func again(_ what: ThenDo, at now: Instant) -> Reaction {
    let pause = Duration.seconds(min(1 << min(max(failures - 1, 0), 6), Self.longestPause))
    phase = .waiting(until: now + pause, what)
    return .startAgain(what, after: pause)
  }

  private mutating func close(_ error: CohortError) -> Reaction {
    (phase, trouble, exitCode) = (.closed, error, ErrorCategory.corruption.exitCode)
    return .close(error)
  }

  private mutating func leave(_ ending: ChildEnding) -> Reaction {
    (phase, exitCode) = (.ended, ending.exitCode)
    return .leave
  }

  private func start(of phase: Phase, _ now: Instant) -> Instant {
    switch phase {
    case .opening(let since), .opened(let since), .serving(let since), .looking(let since): since
    case .waiting, .closed, .ended: now
    }
  }
}
