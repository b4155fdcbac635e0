import CohortProviders
import Synchronization

/// A clock that only sleepers move.
final class FakeClock: Sendable {
  private let time = Mutex(0.0)

  var now: Double { time.withLock { $0 } }
  func advance(_ seconds: Double) { time.withLock { $0 += seconds } }

  var clock: ServerClock {
    ServerClock(now: { self.now }, date: { self.now }, sleep: { self.advance($0) })
  }

  func options(seed: UInt64 = 1) -> ServerOptions {
    var options = ServerOptions(seed: seed)
    options.clock = clock
    return options
  }
}
