import CohortCatalog
import CohortCore
import CohortStore
import CohortSystem
import Logging

/// Keeps the full-text index of a store at the end of its log: a slice at a time, and at rest for as long as the slice took, so
/// that questions and writers come first. It can be made anew at any time, and answers do not depend on it, so trouble with it
/// stops nothing. Lives on one thread.
final class SearchWorker {
  /// After samples came in, what comes next is waited for.
  private static let settleSeconds = 0.5
  /// Until somebody else is done with a slice.
  private static let busySeconds = 0.2
  private static let retrySeconds = 60.0

  private let process: StoreHost
  /// The error that was told of last.
  private var trouble: ErrorCode?

  init(_ process: StoreHost) { self.process = process }

  /// Follows until the process is asked to stop. - Returns: 0; what goes wrong here ends nothing.
  func run() -> Int32 {
    let (schedule, stop) = (process.schedule, process.stop)
    while !stop.isMade {
      let turns = schedule.turnsEnded
      let begun = SystemClock.steady
      guard let advance = step() else {
        rest(Self.retrySeconds)
        continue
      }
      if advance.isBusy {
        rest(Self.busySeconds)
      } else if advance.isUnfinished {
        rest(Double(SystemClock.steady - begun) / 1e9)
      } else {
        _ = schedule.wait(forTurnAfter: turns, seconds: Self.retrySeconds, orUntil: { stop.isMade })
        rest(Self.settleSeconds)
      }
    }
    return 0
  }

  /// Everything that is pending, to its end.
  func runOnce() {
    while !process.stop.isMade {
      guard let advance = step(), !advance.isBusy, advance.isUnfinished else { return }
    }
  }

  /// - Returns: nil when it failed.
  private func step() -> SearchIndex.Advance? {
    do {
      // Another store's index may lie there now.
      try process.store.checkPlace()
      let advance = try SearchIndex.advance(process.store)
      trouble = nil
      guard advance.indexed > 0 || advance.rebuilt != nil else { return advance }
      var fields: Logger.Metadata = [
        "samples": .stringConvertible(advance.indexed), "waiting": .stringConvertible(advance.waiting),
      ]
      if let reason = advance.rebuilt { fields["rebuilt"] = .string(reason.rawValue) }
      process.log.debug("search_index", metadata: fields)
      return advance
    } catch {
      let words = CohortError(describing: error, as: .daemonUnknown)
      if trouble != words.code { process.log.warning("search_index_behind", metadata: words.metadata) }
      trouble = words.code
      return nil
    }
  }

  private func rest(_ seconds: Double) {
    var waited = pollfd(fd: process.stop.descriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&waited, 1, Int32(seconds * 1000))
  }
}
