import CohortCore
import CohortSystem
import CohortTesting
import Testing

@testable import CohortDaemon

/// What becomes of the process of a store, without processes and without waiting.
@Suite struct ChildStateTests {
  private static let start = ContinuousClock.Instant.now

  /// A state with a clock of its own.
  private struct Life {
    var state = ChildState(store: "a", at: ChildStateTests.start)
    var now = ChildStateTests.start

    init(runsOnce: Bool = false) {
      state = ChildState(store: "a", runsOnce: runsOnce, at: now)
      begin()
    }

    /// Waits until a process is due, and starts it.
    @discardableResult
    mutating func begin() -> ChildState.ThenDo? {
      guard let due = state.due else { return nil }
      now = max(now, due.instant)
      state.started(due.for, at: now)
      return due.for
    }

    /// Serves for some seconds.
    mutating func serve(_ seconds: Double) {
      state.opened()
      state.isReady(at: now)
      now += .seconds(seconds)
    }

    mutating func end(_ ending: ChildEnding, saying words: CohortError? = nil) -> ChildState.Reaction {
      state.ended(ending, saying: words, at: now)
    }
  }

  private static let damage = CohortError(.daemonDamaged, "The store is damaged", place: "page 7")

  @Test func pausesDoubleUpToAMinute() {
    var life = Life()
    var pauses: [Duration] = []
    for _ in 0..<9 {
      guard case .startAgain(.serve, let pause) = life.end(.signalled(SIGKILL)) else { break }
      pauses.append(pause)
      life.begin()
    }
    #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
    #expect(life.state.restarts == 9)
  }

  @Test func tenMinutesOfServiceForgive() {
    var life = Life()
    for _ in 0..<4 {
      _ = life.end(.exited(1))
      life.begin()
    }
    life.serve(599)
    #expect(life.end(.exited(1)) == .startAgain(.serve, after: .seconds(16)))
    life.begin()
    life.serve(600)
    #expect(life.end(.exited(1)) == .startAgain(.serve, after: .seconds(1)))
  }

  @Test func nothingIsDueBeforeItsTime() {
    var life = Life()
    _ = life.end(.exited(75))
    #expect(life.state.due?.instant == life.now + .seconds(1))
    #expect(!life.state.isRunning && !life.state.isOver)
    life.begin()
    #expect(life.state.due == nil && life.state.isRunning)
  }

  @Test func damageClosesTheStoreWithItsPlace() {
    var life = Life()
    #expect(life.end(.exited(4), saying: Self.damage) == .close(Self.damage))
    #expect(life.state.phase == .closed && life.state.isOver && life.state.due == nil)
    #expect(life.state.exitCode == 4)
    #expect(life.state.trouble?.place == "page 7")
  }

  @Test func damageWithoutWordsNamesTheStore() throws {
    var life = Life()
    guard case .close(let error) = life.end(.exited(4)) else { throw Unexpected("not closed") }
    #expect(error.place == "a" && error.category == .corruption)
  }

  @Test(arguments: [SIGBUS, SIGSEGV, SIGABRT, SIGILL, SIGTRAP, SIGFPE])
  func twoQuickCrashesInARowLeadToALook(_ number: Int32) {
    var life = Life()
    life.serve(300)
    #expect(life.end(.signalled(number)) == .startAgain(.serve, after: .seconds(1)))
    life.begin()
    life.serve(10)
    #expect(life.end(.signalled(number)) == .startAgain(.look, after: .seconds(2)))
    #expect(life.begin() == .look)
  }

  @Test func otherEndsBetweenCrashesLeadToNone() {
    var life = Life()
    for ending in [.signalled(SIGBUS), .exited(1), .signalled(SIGBUS), .signalled(SIGKILL), .signalled(SIGSEGV)]
      as [ChildEnding]
    {
      guard case .startAgain(.serve, _) = life.end(ending) else {
        Issue.record("\(ending)")
        return
      }
      life.begin()
    }
  }

  @Test func aLateSecondCrashLeadsToNone() {
    var life = Life()
    _ = life.end(.signalled(SIGBUS))
    life.begin()
    life.serve(61)
    #expect(life.end(.signalled(SIGBUS)) == .startAgain(.serve, after: .seconds(2)))
  }

  private static func looking() -> Life {
    var life = Life()
    for _ in 0..<2 {
      _ = life.end(.signalled(SIGBUS))
      life.begin()
    }
    return life
  }

  @Test func aLookThatFindsDamageOrDiesClosesTheStore() {
    for ending in [.exited(4), .signalled(SIGBUS)] as [ChildEnding] {
      var life = Self.looking()
      guard case .close(let error) = life.end(ending) else {
        Issue.record("\(ending)")
        return
      }
      #expect(error.category == .corruption)
      #expect(life.state.phase == .closed)
    }
  }

  @Test func aStoreFoundWholeIsServedAgainAndNotLookedAtAgain() {
    var life = Self.looking()
    #expect(life.end(.exited(0)) == .startAgain(.serve, after: .seconds(2)))
    for pause in [4, 8, 16] {
      life.begin()
      #expect(life.end(.signalled(SIGBUS)) == .startAgain(.serve, after: .seconds(pause)))
    }
    // Until it served for long.
    life.begin()
    life.serve(600)
    _ = life.end(.signalled(SIGBUS))
    life.begin()
    #expect(life.end(.signalled(SIGBUS)) == .startAgain(.look, after: .seconds(2)))
  }

  @Test func aLookThatWasKilledTellsNothing() {
    var life = Self.looking()
    #expect(life.end(.signalled(SIGKILL)) == .startAgain(.serve, after: .seconds(2)))
    life.begin()
    #expect(life.end(.signalled(SIGBUS)) == .startAgain(.look, after: .seconds(4)))
  }

  @Test func theEndThatWasAskedForIsTheLast() {
    for ending in [.exited(0), .exited(1), .signalled(SIGBUS), .signalled(SIGKILL)] as [ChildEnding] {
      var life = Life()
      life.serve(1)
      life.state.stop()
      #expect(life.end(ending) == .leave)
      #expect(life.state.phase == .ended && life.state.exitCode == ending.exitCode)
    }
    var waiting = Life()
    _ = waiting.end(.exited(1))
    waiting.state.stop()
    #expect(waiting.state.isOver && waiting.state.exitCode == 0)
    var closed = Life()
    _ = closed.end(.exited(4))
    closed.state.stop()
    #expect(closed.state.exitCode == 4)
  }

  @Test func workThatIsDoneIsNotBegunAgain() {
    for code in [0, 1, 6, 75] as [Int32] {
      var life = Life(runsOnce: true)
      life.serve(1)
      #expect(life.end(.exited(code)) == .leave)
      #expect(life.state.exitCode == code)
    }
  }

  @Test func aMendedStoreIsTriedAgainWhenSomebodySaysSo() {
    var life = Life()
    _ = life.end(.exited(4))
    life.state.reopen(at: life.now)
    #expect(life.begin() == .serve)
    life.serve(1)
    #expect(life.state.exitCode == nil && life.state.trouble == nil)
    life.state.reopen(at: life.now)
    #expect(life.state.isRunning)
  }

  /// Whatever happens in whatever order: there is a process, or one is due, or none will be.
  @Test func noStateIsLost() {
    let seed = Torture.seed
    var random = TestRandom(seed: seed)
    let endings: [ChildEnding] = [
      .exited(0), .exited(1), .exited(4), .exited(75), .signalled(SIGKILL), .signalled(SIGBUS), .signalled(SIGABRT),
    ]
    for _ in 0..<500 {
      var life = Life()
      for _ in 0..<40 {
        switch random.next() % 8 {
        case 0: life.state.opened()
        case 1: life.serve(Double(random.next() % 900))
        case 2 where random.next() % 10 == 0: life.state.stop()
        case 3: life.state.reopen(at: life.now)
        case 4, 5: life.begin()
        default:
          if life.state.isRunning { _ = life.end(endings[Int(random.next() % UInt64(endings.count))]) }
        }
        let kinds = [life.state.isRunning, life.state.due != nil, life.state.isOver]
        #expect(kinds.filter { $0 }.count == 1, "seed \(seed): \(life.state)")
        if let due = life.state.due {
          #expect(due.instant - life.now <= .seconds(60), "seed \(seed)")
        }
      }
    }
  }

  // MARK: Words

  @Test func wordsSurviveAnyCutOfThePipe() throws {
    let words: [ChildWord] = [
      .opened, .ready, .damaged(signal: SIGBUS, page: 4711), .damaged(signal: SIGABRT, page: nil),
      .failed(CohortError(.daemonDamaged, "It is däm\naged", place: "page 7", cause: nil, hint: "")),
      .failed(CohortError(ErrorCode(.store, "no-store", .notFound), category: .usage, "none")),
    ]
    let bytes = words.flatMap(\.bytes)
    for cut in 0...bytes.count {
      var (unread, read) = ([UInt8](), [ChildWord]())
      for part in [bytes[..<cut], bytes[cut...]] {
        unread += part
        while let word = try ChildWord.take(from: &unread) { read.append(word) }
      }
      #expect(read == words && unread.isEmpty)
    }
  }

  @Test func noWordIsLongerThanAPipeTakesAtOnce() throws {
    let long = String(repeating: "ü", count: 5000)
    var bytes = ChildWord.failed(CohortError(.daemonDamaged, long, place: long, cause: long, hint: long)).bytes
    #expect(bytes.count <= 4096)
    guard case .failed(let error) = try ChildWord.take(from: &bytes) else { throw Unexpected("no word") }
    #expect(error.message.utf8.count > 500)
  }

  @Test func bytesThatAreNoWordAreRefused() {
    for bytes in [[0, 0, 0, 0], [1, 0, 0, 0, 9], [255, 255, 255, 255], [2, 0, 0, 0, 3, 1], [2, 0, 0, 0, 1, 1]]
      as [[UInt8]]
    {
      var bytes = bytes
      #expect(throws: CohortError.self, "\(bytes)") { try ChildWord.take(from: &bytes) }
    }
  }
}
