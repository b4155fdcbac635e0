internal import CohortCore
internal import CohortSystem

/// The order in which a store is written: turns of one transaction each, first come, first served, whoever asks: threads
/// of the owner's process, and guests behind its door. Holds keep work apart that spans many turns.
///
/// A turn waits for others that were asked for before, never for readers. Work in the background takes a hold only when
/// nobody else waits for it, and looks at `isAwaited` to give it back early.
public final class WriteSchedule: WriteTurns, Sendable {
  private struct HoldState {
    var holder: String?
    /// Tickets of those who wait, in order.
    var waiting: [UInt64] = []
  }

  private struct State {
    var nextTicket: UInt64 = 0
    var waiting: [UInt64] = []
    /// Who has the turn, and since when: on the steady clock, and in milliseconds since 1970.
    var holder: (ticket: UInt64, name: String, begun: Int64, since: Int64)?
    var ended: UInt64 = 0
    var holds: [Hold: HoldState] = [:]
    var isClosed = false
    var isOver = false
  }

  /// Under this name the process owns a store that lends turns.
  public static let daemonName = "cohortd"
  /// Seconds that a writer waits for the end of another's turn: transactions are short, unless their process was stopped.
  package static let turnPatience = 120.0

  private let state = Locked(State())
  private let turnPatience: Double
  /// What others are told of this process: its name and its number.
  private let ownName: String

  /// - Parameter owner: what the owner calls itself.
  init(owner: String, turnPatience: Double = WriteSchedule.turnPatience) {
    ownName = "\(owner), process \(getpid())"
    self.turnPatience = turnPatience
  }

  // MARK: Turns

  func turn<R>(_ body: () throws -> R) throws -> R {
    let ticket = try takeTurn(ownName)
    defer { endTurn(ticket) }
    return try body()
  }

  /// Waits for a turn that `endTurn` gives back. It gives up when it has waited for `turnPatience` seconds and whoever has the
  /// turn has had it for as long, too: behind many short ones it waits on.
  /// - Parameter tick: called each time `interval` seconds have passed; what it throws ends the waiting.
  /// - Throws: `store.turn-overdue`; `store.stopping` to guests of a schedule that is closed; what `tick` throws.
  func takeTurn(
    _ name: String, isGuest: Bool = false, interval: Double = .infinity, tick: () throws -> Void = {}
  ) throws -> UInt64 {
    let asked = SystemClock.steady
    let ticket = state.change { state in
      state.nextTicket += 1
      state.waiting.append(state.nextTicket)
      return state.nextTicket
    }
    do {
      while true {
        let left = state.withLock { patienceLeft($0, asked) }
        guard left > 0 else { throw CohortError.turnOverdue(turn, after: turnPatience) }
        let mayGo = try state.wait(seconds: min(left, interval)) { state -> Bool? in
          if isGuest && state.isClosed || state.isOver { throw CohortError.ownerStops }
          guard state.holder == nil, state.waiting.first == ticket else { return nil }
          state.waiting.removeFirst()
          state.holder = (ticket, name, SystemClock.steady, SystemClock.wall / 1_000_000)
          return true
        }
        if mayGo == true { return ticket }
        if left > interval { try tick() }
      }
    } catch {
      state.change { $0.waiting.removeAll { $0 == ticket } }
      throw error
    }
  }

  /// Seconds that somebody who asked at a moment will still wait at least.
  private func patienceLeft(_ state: State, _ asked: Int64) -> Double {
    let since = max(asked, state.holder?.begun ?? .max)
    return since == .max ? turnPatience : turnPatience - Double(SystemClock.steady - since) / 1e9
  }

  /// Gives a turn back.
  func endTurn(_ ticket: UInt64) {
    state.change { state in
      guard state.holder?.ticket == ticket else { return }
      state.holder = nil
      state.ended &+= 1
    }
  }

  /// How many turns have ended: changes when something may have been written.
  public var turnsEnded: UInt64 { state.withLock { $0.ended } }

  /// Who has the turn at the moment.
  public var turn: TurnHolder? {
    state.withLock { state in
      state.holder.map {
        TurnHolder(
          turn: $0.ticket, name: $0.name, since: $0.since, seconds: Double(SystemClock.steady - $0.begun) / 1e9,
          waiting: state.waiting.count)
      }
    }
  }

  /// Waits until a turn has ended after the `count`-th, somebody waits for `hold`, the schedule is closed, or the time is
  /// over.
  /// - Parameter isDone: asked each time something changes, and after `wake`: true ends the waiting.
  /// - Returns: how many turns have ended.
  @discardableResult
  public func wait(
    forTurnAfter count: UInt64, seconds: Double, orAwaited hold: Hold? = nil, orUntil isDone: () -> Bool = { false }
  ) -> UInt64 {
    state.wait(seconds: seconds) { state -> UInt64? in
      let isAwaited = hold.map { !(state.holds[$0]?.waiting.isEmpty ?? true) } ?? false
      return state.ended != count || state.isClosed || isAwaited || isDone() ? state.ended : nil
    } ?? turnsEnded
  }

  /// From now on nobody gets a turn, in this process either: whoever waits for one is told that the process ends.
  public func end() {
    state.change { state in
      state.isClosed = true
      state.isOver = true
    }
  }

  /// Wakes all who wait, so that they look at what else they wait for.
  public func wake() { state.change { _ in } }

  /// From now on guests get no turns: the process ends.
  public func close() { state.change { $0.isClosed = true } }

  // MARK: Holds

  func holding<R>(_ hold: Hold, patience: Double?, _ body: () throws -> R) throws -> R {
    try take(hold, ownName, patience: patience)
    defer { free(hold) }
    return try body()
  }

  /// Waits until nobody else has the hold, behind those who wait already.
  /// - Parameters:
  ///   - patience: seconds; nil for as long as it takes.
  ///   - tick: called each time `interval` seconds have passed; false gives up.
  /// - Throws: `store.busy`, `store.stopping`.
  func take(
    _ hold: Hold, _ name: String, patience: Double?, interval: Double = 3600, tick: () -> Bool = { true }
  ) throws(CohortError) {
    let ticket = state.change { state in
      state.nextTicket += 1
      state.holds[hold, default: HoldState()].waiting.append(state.nextTicket)
      return state.nextTicket
    }
    var left = patience ?? .infinity
    while true {
      let step = min(left, interval)
      let outcome = state.wait(seconds: step) { state -> Bool? in
        if state.isClosed { return false }
        guard state.holds[hold]?.holder == nil, state.holds[hold]?.waiting.first == ticket else { return nil }
        state.holds[hold]?.waiting.removeFirst()
        state.holds[hold]?.holder = name
        return true
      }
      if outcome == true { return }
      left -= step
      if outcome == nil, left > 0, tick() { continue }
      let holder = state.change { state in
        state.holds[hold]?.waiting.removeAll { $0 == ticket }
        return state.holds[hold]?.holder
      }
      throw outcome == nil ? .busy(holder) : .ownerStops
    }
  }

  /// Takes a hold for work in the background: only when nobody has it or waits for it.
  /// - Returns: false when somebody does.
  public func takeInBackground(_ hold: Hold, _ name: String) -> Bool {
    state.withLock { state in
      guard state.holds[hold]?.holder == nil, state.holds[hold]?.waiting.isEmpty ?? true else { return false }
      state.holds[hold, default: HoldState()].holder = name
      return true
    }
  }

  /// Gives a hold back.
  public func free(_ hold: Hold) { state.change { $0.holds[hold]?.holder = nil } }

  /// Whether somebody waits for a hold: whoever has it for work in the background gives it back at the next chance.
  public func isAwaited(_ hold: Hold) -> Bool { state.withLock { !($0.holds[hold]?.waiting.isEmpty ?? true) } }
}

extension CohortError {
  static func turnOverdue(_ holder: TurnHolder?, after seconds: Double) -> CohortError {
    CohortError(
      .storeTurnOverdue, "The store could not be written in \(Int(seconds)) seconds",
      cause: holder.map { "\($0.name) has had the turn to write for \(Int($0.seconds)) seconds" },
      hint: "Look whether that process is stopped; end it, or let it go on")
  }

  /// The same as a guest tells it, to whom the owner is there, and the store is not.
  /// - Parameter cause: in the owner's words.
  static func turnOverdue(_ cause: String, place: String) -> CohortError {
    CohortError(
      .storeTurnOverdue, category: .unreachable, "The store cannot be written at the moment", place: place,
      cause: cause,
      hint: "Look whether that process is stopped; end it, or let it go on, and run the same command again")
  }

  static func busy(_ holder: String?) -> CohortError {
    CohortError(
      .storeBusy, "Other work on the store does not allow this at the moment",
      cause: holder.map { "\($0) embeds, measures or groups" }, hint: "Try again when it is done")
  }

  static var ownerStops: CohortError {
    CohortError(
      .storeStopping, "The process that owns the store is about to end",
      hint: "Try again: without an owner the command writes the store itself")
  }
}
