import CohortCore
import CohortSystem
import Synchronization

/// Whether the daemon shall stop. Work looks at `isMade` between two commits; whoever waits in `poll` waits for
/// `descriptor`, too, which becomes readable with the request and stays so.
final class StopRequest: Sendable {
  private let made = Atomic<Bool>(false)
  let descriptor: Int32
  private let source: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw CohortError.system(.daemonPipe, "No pipe can be made", place: "start", .last)
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (descriptor, source) = (ends[0], ends[1])
  }

  deinit {
    SystemCall.close(descriptor)
    SystemCall.close(source)
  }

  var isMade: Bool { made.load(ordering: .acquiring) }

  /// - Returns: false when it was made before.
  @discardableResult
  func make() -> Bool {
    guard !made.exchange(true, ordering: .acquiringAndReleasing) else { return false }
    SystemCall.put("!", on: source)
    return true
  }
}
