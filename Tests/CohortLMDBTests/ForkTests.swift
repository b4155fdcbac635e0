import CohortLMDB
import CohortTesting
import ForkSupport
import Foundation
import Synchronization
import Testing

/// Data loaders fork while other threads read: what another thread was just doing must not follow the child.
@Suite struct ForkTests {
  /// Folders that other threads open and close all the time, and one that stays open.
  private final class Places: Sendable {
    let kept: EnvironmentFolder
    let busy: [EnvironmentFolder]

    init() throws {
      kept = try EnvironmentFolder()
      busy = try (0..<3).map { _ in try EnvironmentFolder() }
      let writer = WriterThread()
      defer { writer.stop() }
      for folder in [kept] + busy { try folder.open().put(1, size: 10, byte: 7, with: writer) }
    }

    /// Opens all of them for reading, and closes them.
    func canBeRead() -> Bool {
      ([kept] + busy).allSatisfy { folder in
        do { return try folder.open(readOnly: true).value(1)?.allSatisfy { $0 == 7 } == true } catch { return false }
      }
    }
  }

  /// Another thread holds the registry at most of these moments; in the child nobody would ever give it back.
  @Test(.enabled(if: cohort_fork_is_possible() != 0, "the thread sanitizer hangs in forks of processes with threads"))
  func aChildOpensStoresWhateverOtherThreadsDo() throws {
    let places = try Places()
    // Everything that is made at its first use is there before the first fork.
    try #require(places.canBeRead())
    let kept = try places.kept.open()
    let isOver = Atomic(false)
    let opened = Atomic(0)
    let failed = Atomic(0)
    let threads = TestThreads(places.busy.count) { number in
      let folder = places.busy[number]
      while !isOver.load(ordering: .relaxed) {
        let isOpen = (try? folder.open()) != nil
        if isOpen { opened.add(1, ordering: .relaxed) } else { failed.add(1, ordering: .relaxed) }
      }
    }
    defer {
      isOver.store(true, ordering: .relaxed)
      threads.wait()
    }
    for attempt in 0..<40 {
      // At any moment of the others' work.
      usleep(UInt32.random(in: 0..<500))
      let status = cohort_fork_and_wait(
        { context in
          guard let context else { return 2 }
          return Unmanaged<Places>.fromOpaque(context).takeUnretainedValue().canBeRead() ? 0 : 1
        }, Unmanaged.passUnretained(places).toOpaque(), 10)
      // 14 is the alarm's signal: the child hung. The first one says enough.
      try #require(status == 0, "try \(attempt): wait status \(status)")
    }
    #expect(opened.load(ordering: .relaxed) > 40 && failed.load(ordering: .relaxed) == 0)
    #expect(try kept.value(1)?.count == 10)
  }
}
