package import CohortStore
import Foundation

/// Jobs whose transactions come between those of others, at a place that the test chooses.
package enum Turns {
  /// Runs a job that has read what it read when it comes to its first transaction, and has to wait there for another's.
  /// - Parameters:
  ///   - other: its transaction begins before the job does, and is committed when the job waits.
  ///   - job: reads for less than a third of a second before it writes.
  package static func between<R>(
    _ store: Store, _ other: @escaping @Sendable (borrowing WriteTransaction) throws -> Void, _ job: () throws -> R
  ) throws -> R {
    let hasBegun = DispatchSemaphore(value: 0)
    let failure = Failure()
    let thread = TestThreads(1) { _ in
      do {
        try store.write { transaction in
          hasBegun.signal()
          usleep(350_000)
          try other(transaction)
        }
      } catch {
        failure.set("\(error)")
      }
    }
    hasBegun.wait()
    let result = Result { try job() }
    thread.wait()
    if let text = failure.text { throw Unexpected("the other transaction failed: \(text)") }
    return try result.get()
  }

  /// The store once more, as another process would have it: with a writer and a memory of its own.
  package static func secondWriter(of store: Store) throws -> Store {
    if !FileManager.default.fileExists(atPath: store.path + "/run/owner.sock") {
      let door = try store.openDoor()
      // It stays open as long as the store does.
      _ = store.companion { door }
    }
    return try Store.open(at: store.path, access: .guest(name: "second"))
  }

  /// Guard of the unchecked conformance: `lock`.
  private final class Failure: @unchecked Sendable {
    private let lock = NSLock()
    private var value: String?

    var text: String? { lock.withLock { value } }
    func set(_ text: String) { lock.withLock { value = text } }
  }
}
