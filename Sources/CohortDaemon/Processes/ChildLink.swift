import CohortCore
import CohortSystem

/// The side of a store's process: it tells its supervisor how far it is, waits for the word to begin, and does not
/// outlive the supervisor.
///
/// Two descriptors are handed down. On `life` one byte comes when work may begin; it ends when the supervisor does,
/// however that happened. Words go to `report`.
final class ChildLink: Sendable {
  /// The numbers that descriptors have in the child.
  static let life: Int32 = 3
  static let report: Int32 = 4

  /// Takes the two descriptors over, and keeps them from programs that this process starts.
  /// - Throws: `daemon.pipe` when they are no pipes: somebody else than a supervisor used the hidden option.
  init() throws(CohortError) {
    for descriptor in [Self.life, Self.report] {
      guard (try? SystemCall.status(of: descriptor))?.kind == .stream else {
        throw CohortError(
          .daemonPipe, category: .usage, "--child is for cohortd itself", place: "descriptor \(descriptor)",
          hint: "Give one --store instead")
      }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
    // A supervisor that is gone is noticed on the other pipe.
    _ = fcntl(Self.report, F_SETFL, O_NONBLOCK)
  }

  /// Tells the supervisor something. What it cannot be told is lost.
  func tell(_ word: ChildWord) {
    // Shorter than what a pipe takes at once: words of two threads do not mix.
    word.bytes.withUnsafeBytes { SystemCall.put($0, on: Self.report) }
  }

  /// Says that the store is owned, and waits until work may begin. From then on the end of the supervisor ends this
  /// process, too.
  /// - Returns: false when the supervisor is gone, or does not want the work any more.
  func begin(or stop: StopRequest) -> Bool {
    tell(.opened)
    var waited = [
      pollfd(fd: Self.life, events: Int16(POLLIN), revents: 0),
      pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    while poll(&waited, 2, -1) < 0, errno == EINTR {}
    guard !stop.isMade else { return false }
    var byte = [UInt8](repeating: 0, count: 1)
    let count = byte.withUnsafeMutableBytes { try? SystemCall.read(Self.life, into: $0) }
    guard count == 1 else { return false }
    dieWithSupervisor()
    return true
  }

  #if os(Linux)
    /// `F_SETSIG`, which the C library's headers show to GNU programs only: the signal that tells of a descriptor.
    private static let setSignal: Int32 = 10
  #endif

  /// What is acknowledged is durable at any moment, so a process may end anywhere. It has to: whoever takes the
  /// supervisor's place needs the store.
  private func dieWithSupervisor() {
    #if os(Linux)
      // The system itself kills this process when the other end goes, were all its threads stopped or stuck.
      _ = fcntl(Self.life, F_SETOWN, getpid())
      _ = fcntl(Self.life, Self.setSignal, SIGKILL)
      _ = fcntl(Self.life, F_SETFL, O_ASYNC)
    #endif
    // For other systems, and for an end between the two calls above.
    _ = try? WorkThread(stackBytes: 256 << 10) {
      var byte = [UInt8](repeating: 0, count: 1)
      while let count = byte.withUnsafeMutableBytes({ try? SystemCall.read(Self.life, into: $0) }), count > 0 {}
      kill(getpid(), SIGKILL)
    }
  }
}
