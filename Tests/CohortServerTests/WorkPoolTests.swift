import CohortCore
import CohortSystem
import CohortTesting
import Foundation
import Testing

@testable import CohortServer

/// Threads for work that blocks.
@Suite struct WorkPoolTests {
  /// Work that stands still until it is told to go on.
  private struct Gate: Sendable {
    let state = Locked((isOpen: false, inside: 0))

    func pass() {
      state.change { $0.inside += 1 }
      _ = state.wait(seconds: 30) { $0.isOpen ? true : nil }
      state.change { $0.inside -= 1 }
    }

    func open() { state.change { $0.isOpen = true } }
    func isReached(_ inside: Int) -> Bool { state.wait(seconds: 20) { $0.inside == inside ? true : nil } ?? false }
  }

  /// Work that stands aside from its beginning.
  private func aside(_ pool: WorkPool, _ gate: Gate) {
    do {
      try pool.standAside(seconds: 0)
      gate.pass()
      pool.comeBack()
    } catch {
      Issue.record(error)
    }
  }

  @Test func noMoreRunAtATimeThanThereAreThreads() throws {
    let pool = WorkPool(threads: 2, waiting: 10)
    let gate = Gate()
    for _ in 0..<5 { try pool.submit { gate.pass() } }
    #expect(gate.isReached(2))
    usleep(100_000)
    #expect(gate.state.withLock { $0.inside } == 2)
    gate.open()
    #expect(gate.isReached(0))
    pool.close()
    #expect(pool.waitForEnd(seconds: 5))
  }

  @Test func whoStandsAsideLetsAnotherWork() throws {
    let pool = WorkPool(threads: 2, spare: 8, waiting: 10)
    let slow = Gate()
    for _ in 0..<6 { try pool.submit { aside(pool, slow) } }
    #expect(slow.isReached(6))
    let quick = Gate()
    try pool.submit { quick.pass() }
    #expect(quick.isReached(1))
    slow.open()
    quick.open()
    #expect(slow.isReached(0))
  }

  /// The threads that slow clients made necessary are still there for a while: they must not keep others from working.
  @Test func afterSlowClientsWorkIsTakenAtOnce() throws {
    let pool = WorkPool(threads: 2, spare: 8, waiting: 10)
    let slow = Gate()
    for _ in 0..<6 { try pool.submit { aside(pool, slow) } }
    #expect(slow.isReached(6))
    slow.open()
    #expect(slow.isReached(0))
    #expect(isReached { pool.busy == 0 })
    let done = Locked(0)
    let begun = Date()
    for _ in 0..<5 { try pool.submit { done.change { $0 += 1 } } }
    #expect(done.wait(seconds: 20) { $0 == 5 ? true : nil } == true)
    #expect(Date().timeIntervalSince(begun) < 5)
    pool.close()
    #expect(pool.waitForEnd(seconds: 5))
  }

  /// Places beside the pool's threads are limited, too: who finds none in time is told so, and counts as before.
  @Test func thereAreOnlySoManyPlacesAside() throws {
    let pool = WorkPool(threads: 1, spare: 1, waiting: 10)
    let (long, short) = (Gate(), Gate())
    try pool.submit { aside(pool, long) }
    #expect(long.isReached(1))
    let refused = Locked<ErrorCode?>(nil)
    try pool.submit {
      do throws(CohortError) {
        try pool.standAside(seconds: 0.1)
      } catch {
        refused.change { $0 = error.code }
      }
      short.pass()
    }
    #expect(refused.wait(seconds: 20) { $0 }?.name == "server.busy")
    #expect(short.isReached(1))
    long.open()
    short.open()
    #expect(long.isReached(0) && short.isReached(0))
    pool.close()
    #expect(pool.waitForEnd(seconds: 5))
  }
}
