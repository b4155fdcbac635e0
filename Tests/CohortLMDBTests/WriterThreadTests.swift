import CohortLMDB
import CohortTesting
import Foundation
import Synchronization
import Testing

@Suite struct WriterThreadTests {
  private struct Failure: Error, Equatable {
    var number: Int
  }

  @Test func everythingRunsOnOneThreadOneAfterTheOther() throws {
    let writer = WriterThread()
    defer { writer.stop() }
    let state = Mutex((threads: Set<UInt>(), running: 0, most: 0, count: 0))
    TestThreads.run(8) { number in
      for round in 0..<200 {
        do {
          let result = try writer.perform { () -> Int in
            state.withLock {
              $0.threads.insert(UInt(bitPattern: pthread_self().hashValue))
              $0.running += 1
              $0.most = max($0.most, $0.running)
            }
            let fails = round % 10 == 3
            state.withLock {
              $0.running -= 1
              if !fails { $0.count += 1 }
            }
            if fails { throw Failure(number: number) }
            return number * 1000 + round
          }
          if result != number * 1000 + round { state.withLock { $0.most = 99 } }
        } catch {
          if (error as? Failure) != Failure(number: number) { state.withLock { $0.most = 99 } }
        }
      }
    }
    state.withLock {
      #expect($0.threads.count == 1 && $0.most == 1 && $0.running == 0)
      #expect($0.count == 8 * 180)
    }
  }

  @Test func itStartsAgainAfterAStop() throws {
    let writer = WriterThread()
    for round in 0..<50 {
      #expect(try writer.perform { round } == round)
      writer.stop()
    }
    writer.stop()
  }

  /// Stopping while others ask for work: nobody waits forever, and all work is done.
  @Test func stoppingWhileOthersAsk() throws {
    let writer = WriterThread()
    let done = Atomic(0)
    let threads = TestThreads(4) { _ in
      for _ in 0..<300 { if (try? writer.perform { 1 }) == 1 { done.add(1, ordering: .relaxed) } }
    }
    while !threads.areFinished { writer.stop() }
    writer.stop()
    #expect(done.load(ordering: .relaxed) == 1200)
  }
}
