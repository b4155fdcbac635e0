import CohortCore
import CohortStore
import CohortSystem
import CohortTesting
import Testing

/// A writer that does not give its turn back, as one that was stopped in the midst of a transaction.
@Suite struct OverdueTurnTests {
  private let folder: TemporaryFolder
  private let owner: Store
  private let door: OwnerDoor

  init() throws {
    folder = try TemporaryFolder()
    _ = try Store.create(at: folder.file("s"))
    owner = try Store.open(at: folder.file("s"), access: .owner(name: "cohortd"), turnPatience: 0.3)
    door = try owner.openDoor()
  }

  /// Runs `body` while a guest has the turn.
  private func besideAStoppedGuest(_ body: () throws -> Void) throws {
    let path = folder.file("s")
    let state = Locked((hasTurn: false, mayGo: false))
    let guest = try Store.open(at: path, access: .guest(name: "cohort ingest"))
    let thread = try WorkThread {
      try? guest.write { _ in
        state.change { $0.hasTurn = true }
        state.wait { $0.mayGo ? () : nil }
      }
    }
    state.wait { $0.hasTurn ? () : nil }
    defer {
      state.change { $0.mayGo = true }
      thread.join()
    }
    try body()
  }

  @Test func whoeverWaitsGivesUpAndNamesTheOneThatDoesNot() throws {
    try besideAStoppedGuest {
      let holder = try #require(owner.schedule?.turn)
      #expect(holder.name == "cohort ingest, process \(getpid())" && !holder.isOverdue)
      // A thread of the owner, and another guest: to that one the store is out of reach.
      let work: [(ErrorCategory, () throws -> Void)] = [
        (.temporary, { [owner] in try owner.write { _ in } }),
        (
          .unreachable,
          { [folder] in
            // Who finds nothing to write needs no turn.
            let other = try Store.open(at: folder.file("s"), access: .guest(name: "cohort train"))
            #expect(try other.read { try $0.counters.lastSequence } == owner.read { try $0.counters.lastSequence })
            try other.write { _ in }
          }
        ),
      ]
      for (category, attempt) in work {
        let error = try #require(throws: CohortError.self) { try attempt() }
        #expect(error.code.name == "store.turn-overdue" && error.category == category, "\(error)")
        #expect(error.cause?.contains("cohort ingest, process \(getpid())") == true, "\(error)")
      }
      #expect(owner.schedule?.turn?.waiting == 0)
    }
    #expect(owner.schedule?.turn == nil)
    // The guest that gave up is still one: its next turn is as any other.
    let other = try Store.open(at: folder.file("s"), access: .guest(name: "cohort train"))
    try besideAStoppedGuest { #expect(throws: CohortError.self) { try other.write { _ in } } }
    try other.write { _ in }
    try owner.write { _ in }
  }

  /// Many short turns of others are no reason to give up.
  @Test func whoeverWaitsBehindShortTurnsWaitsOn() throws {
    let schedule = try #require(owner.schedule)
    let isOver = Locked(false)
    let threads = try (0..<3).map { _ in
      try WorkThread { [owner] in
        while !isOver.withLock({ $0 }) { try? owner.write { _ in _ = usleep(150_000) } }
      }
    }
    let before = schedule.turnsEnded
    for _ in 0..<4 { try owner.write { _ in _ = usleep(1000) } }
    #expect(schedule.turnsEnded - before >= 4)
    isOver.change { $0 = true }
    for thread in threads { thread.join() }
  }

  /// Only what no transaction takes is told.
  @Test func aShortTurnIsNotOverdue() throws {
    try besideAStoppedGuest {
      #expect(owner.overdueTurn == nil)
      let reader = try Store.open(at: folder.file("s"))
      #expect(reader.overdueTurn == nil)
    }
    let seconds = TurnHolder.usualSeconds
    #expect(TurnHolder(turn: 1, name: "cohort ingest", since: 0, seconds: seconds, waiting: 0).isOverdue)
    #expect(!TurnHolder(turn: 1, name: "cohort ingest", since: 0, seconds: seconds / 2, waiting: 0).isOverdue)
  }
}
