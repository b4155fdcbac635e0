import CohortCore
import CohortStore
import CohortSystem
import CohortTesting
import ForkSupport
import Foundation
import Synchronization
import Testing

/// Each process has values of its own, whatever other threads do when it is forked.
@Suite struct ProcessLocalTests {
  /// What a child gets.
  private final class Context: Sendable {
    let number: ProcessLocal<Int>
    let store: ProcessLocal<Store>
    let forks = ForkCount.current

    init(path: String) throws {
      number = ProcessLocal(1) { 2 }
      store = ProcessLocal(try Store.open(at: path)) { try Store.open(at: path) }
    }

    /// 0 if all is as it is to be in a child.
    func check() -> Int32 {
      guard forks != ForkCount.current else { return 1 }
      guard (try? number.value) == 2 else { return 2 }
      guard let store = try? store.value, (try? store.read { try $0.counters.nextSample }) == 31 else { return 3 }
      // Made once.
      return (try? self.store.value) === store ? 0 : 4
    }
  }

  private func fork(_ context: Context) -> Int32 {
    cohort_fork_and_wait(
      { context in
        guard let context else { return 9 }
        return Unmanaged<Context>.fromOpaque(context).takeUnretainedValue().check()
      }, Unmanaged.passUnretained(context).toOpaque(), 20)
  }

  @Test(.enabled(if: cohort_fork_is_possible() != 0, "the thread sanitizer hangs in forks of processes with threads"))
  func aChildMakesItsOwn() throws {
    let fixture = try ReadingFixture()
    let path = fixture.store.path
    let context = try Context(path: path)
    let isOver = Atomic(false)
    let threads = TestThreads(2) { _ in
      while !isOver.load(ordering: .relaxed) {
        _ = try? context.store.value.read { try $0.withSample(SampleID(3)) { $0?.line } }
        _ = try? Context(path: path)
      }
    }
    defer {
      isOver.store(true, ordering: .relaxed)
      threads.wait()
    }
    for attempt in 0..<30 {
      usleep(UInt32.random(in: 0..<500))
      let status = fork(context)
      // 14 is the alarm's signal: the child hung.
      try #require(status == 0, "try \(attempt): wait status \(status)")
    }
    #expect(try context.number.value == 1 && context.forks == ForkCount.current)
  }

  /// In its own process it is never made again.
  @Test func theFirstValueIsThatOfItsProcess() throws {
    let made = Atomic(0)
    let value = ProcessLocal(7) {
      made.add(1, ordering: .relaxed)
      return 8
    }
    for _ in 0..<3 { #expect(try value.value == 7) }
    #expect(made.load(ordering: .relaxed) == 0)
  }
}
