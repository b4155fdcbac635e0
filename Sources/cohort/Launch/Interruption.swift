import CohortSystem
import Synchronization

/// Control-C. What was acknowledged is durable at any moment, so the default is to end at once with 130. A job that can
/// stop at a better place asks for that, and is then ended only by a second signal.
enum Interruption {
  private static let isRequested = Atomic<Bool>(false)
  private static let isCooperative = Atomic<Bool>(false)
  private static let isInShell = Atomic<Bool>(false)
  private static let isJSON = Atomic<Bool>(false)

  private static let text: StaticString = "\ncohort: interrupted\n"
  private static let object: StaticString =
    "{\"error\":{\"code\":\"cli.interrupted\",\"category\":\"interrupted\",\"message\":\"Interrupted\",\"place\":null,\"cause\":null,\"hint\":null,\"exit_code\":130}}\n"

  /// - Parameter json: an error object goes to standard output before the end.
  static func install(json: Bool) {
    // Touched here, so that the handler finds them initialised: it may do nothing that is not async-signal-safe.
    isRequested.store(false, ordering: .relaxed)
    isCooperative.store(false, ordering: .relaxed)
    isInShell.store(false, ordering: .relaxed)
    isJSON.store(json, ordering: .relaxed)
    _ = (text, object)

    // A shell that starts a job in the background ignores the signal for it: that stays so.
    let before = signal(SIGINT, SIG_IGN)
    if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { return }
    _ = signal(SIGINT) { _ in Interruption.handle() }
    // Half of a file is of no use to anybody.
    for number in [SIGTERM, SIGHUP] {
      let before = signal(number) { number in
        DraftNote.removeAll()
        signal(number, SIG_DFL)
        raise(number)
      }
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { _ = signal(number, SIG_IGN) }
    }
  }

  private static func handle() {
    if isInShell.load(ordering: .relaxed) {
      isRequested.store(true, ordering: .relaxed)
      return
    }
    if isCooperative.load(ordering: .relaxed), !isRequested.exchange(true, ordering: .relaxed) { return }
    SystemCall.put(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), on: STDERR_FILENO)
    if isJSON.load(ordering: .relaxed) {
      SystemCall.put(
        UnsafeRawBufferPointer(start: object.utf8Start, count: object.utf8CodeUnitCount), on: STDOUT_FILENO)
    }
    DraftNote.removeAll()
    _exit(130)
  }

  /// From now on the first signal only sets `requested`.
  static func cooperate() { isCooperative.store(true, ordering: .relaxed) }

  /// From now on every signal only sets `requested`: it ends what a person is typing or waiting for, never the program.
  static func beginShell() { isInShell.store(true, ordering: .relaxed) }

  /// What was asked for is done.
  static func forget() { isRequested.store(false, ordering: .relaxed) }

  /// Whether the user asked to stop.
  static var requested: Bool { isRequested.load(ordering: .relaxed) }
}
