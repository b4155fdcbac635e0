import CohortCore
import CohortSystem
import Synchronization

/// How often a signal came, for whoever waits in `poll`: `descriptor` is readable after each.
final class SignalCount: Sendable {
  private let seen = Atomic<Int>(0)
  let descriptor: Int32
  private let source: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw CohortError.system(.daemonPipe, "No pipe can be made", place: "start", .last)
    }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (descriptor, source) = (ends[0], ends[1])
  }

  deinit {
    SystemCall.close(descriptor)
    SystemCall.close(source)
  }

  var count: Int { seen.load(ordering: .acquiring) }

  /// Another one came.
  func add() {
    seen.add(1, ordering: .acquiringAndReleasing)
    SystemCall.put("!", on: source)
  }

  /// Makes `descriptor` unreadable again. Look at `count` afterwards.
  func drain() {
    var block = [UInt8](repeating: 0, count: 64)
    while block.withUnsafeMutableBytes({ read(descriptor, $0.baseAddress, $0.count) }) > 0 {}
  }
}
