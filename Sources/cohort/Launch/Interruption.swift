import CohortSystem
import Synchronization

/// Control-C. What was acknowledged is durable at any moment, so the default is to end at once with 130. A job that can
/// stop at a better place asks for that: then the first signal only asks it to stop, and it has `grace` seconds for it. A
/// second signal ends at once.
enum Interruption {
  private static let isRequested = Atomic<Bool>(false)
  private static let isCooperative = Atomic<Bool>(false)
  private static let isInShell = Atomic<Bool>(false)
  private static let isJSON = Atomic<Bool>(false)
  /// Standard output holds the beginning of an array.
  private static let isArrayOpen = Atomic<Bool>(false)
  /// A part of a document is on its way to standard output: it is not cut in the middle.
  private static let isWriting = Atomic<Bool>(false)
  /// A thread of its own writes to standard output: nobody else may.
  private static let isSpooling = Atomic<Bool>(false)
  /// Nothing goes on but a wait for somebody to type.
  private static let isAsking = Atomic<Bool>(false)
  /// Came while something was written: the writer ends the process.
  private static let isDue = Atomic<Bool>(false)
  /// Somebody looks at standard error.
  private static let isWatched = Atomic<Bool>(false)
  /// A process that does the work; 0 for none.
  private static let child = Atomic<Int32>(0)
  private static let isChildTold = Atomic<Bool>(false)

  /// Seconds from the first Control-C to the end of a job that does not end by itself. Nothing acknowledged is lost by it.
  private static let grace: UInt32 = 5

  private static let stopping: StaticString = "\ncohort: stopping; once more ends at once\n"
  private static let text: StaticString = "\ncohort: interrupted\n"
  private static let object: StaticString =
    "{\"error\":{\"code\":\"cli.interrupted\",\"category\":\"interrupted\",\"message\":\"Interrupted\",\"place\":null,\"cause\":null,\"hint\":null,\"exit_code\":130}}\n"
  private static let separator: StaticString = ",\n"
  private static let closing: StaticString = "]\n"

  /// - Parameter json: an error object goes to standard output before the end.
  static func install(json: Bool) {
    // Touched here, so that the handler finds them initialised: it may do nothing that is not async-signal-safe.
    isRequested.store(false, ordering: .relaxed)
    isCooperative.store(false, ordering: .relaxed)
    isInShell.store(false, ordering: .relaxed)
    isArrayOpen.store(false, ordering: .relaxed)
    isWriting.store(false, ordering: .relaxed)
    isSpooling.store(false, ordering: .relaxed)
    isAsking.store(false, ordering: .relaxed)
    isDue.store(false, ordering: .relaxed)
    isChildTold.store(false, ordering: .relaxed)
    child.store(0, ordering: .relaxed)
    isJSON.store(json, ordering: .relaxed)
    isWatched.store(isatty(STDERR_FILENO) == 1, ordering: .relaxed)
    _ = (stopping, text, object, separator, closing, grace)

    // Half of a file is of no use to anybody.
    for number in [SIGTERM, SIGHUP] {
      let before = signal(number) { number in
        DraftNote.removeAll()
        signal(number, SIG_DFL)
        raise(number)
      }
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { _ = signal(number, SIG_IGN) }
    }
    // A shell that starts a job in the background ignores the signal for it: that stays so.
    let before = signal(SIGINT, SIG_IGN)
    if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { return }
    _ = signal(SIGALRM) { _ in Interruption.graceIsOver() }
    _ = signal(SIGINT) { _ in Interruption.handle() }
  }

  /// Whether an error object goes to standard output before the end, as the settings say.
  static func tell(json: Bool) { isJSON.store(json, ordering: .relaxed) }

  private static func handle() {
    if isInShell.load(ordering: .relaxed) {
      isRequested.store(true, ordering: .relaxed)
      return
    }
    let isFirst = !isRequested.exchange(true, ordering: .relaxed)
    if isFirst, isCooperative.load(ordering: .relaxed), !isAsking.load(ordering: .relaxed) {
      if isWatched.load(ordering: .relaxed) { put(stopping, on: STDERR_FILENO) }
      // A terminal tells the child, too; one that was not told is told in a second.
      alarm(child.load(ordering: .relaxed) > 0 ? 1 : grace)
      return
    }
    if isFirst, isWriting.load(ordering: .sequentiallyConsistent) {
      isDue.store(true, ordering: .sequentiallyConsistent)
      alarm(grace)
      return
    }
    endNow()
  }

  private static func graceIsOver() {
    let child = child.load(ordering: .relaxed)
    if child > 0, !isChildTold.exchange(true, ordering: .relaxed) {
      kill(child, SIGINT)
      alarm(grace + 1)
      return
    }
    if child > 0 { kill(child, SIGKILL) }
    endNow()
  }

  private static func endNow() -> Never {
    put(text, on: STDERR_FILENO)
    if isJSON.load(ordering: .relaxed), !isWriting.load(ordering: .relaxed), !isSpooling.load(ordering: .relaxed) {
      let isInArray = isArrayOpen.load(ordering: .relaxed)
      if isInArray { put(separator, on: STDOUT_FILENO) }
      put(object, on: STDOUT_FILENO)
      if isInArray { put(closing, on: STDOUT_FILENO) }
    }
    DraftNote.removeAll()
    _exit(130)
  }

  private static func put(_ text: StaticString, on descriptor: Int32) {
    SystemCall.put(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), on: descriptor)
  }

  /// From now on the first signal only sets `requested`.
  static func cooperate() { isCooperative.store(true, ordering: .relaxed) }

  /// From now on every signal only sets `requested`: it ends what a person is typing or waiting for, never the program.
  static func beginShell() { isInShell.store(true, ordering: .relaxed) }

  /// What was asked for is done.
  static func forget() { isRequested.store(false, ordering: .relaxed) }

  /// Whether the user asked to stop.
  static var requested: Bool { isRequested.load(ordering: .relaxed) }

  /// Waits for somebody to type: the first signal ends the process, also of a job that would stop by itself.
  static func asking<R>(_ body: () throws -> R) rethrows -> R {
    isAsking.store(true, ordering: .relaxed)
    defer { isAsking.store(false, ordering: .relaxed) }
    return try body()
  }

  /// Writes to standard output what no signal shall cut.
  /// - Parameter endsInArray: what is written so far ends inside an array.
  static func writing<R, E: Error>(endsInArray: Bool, _ body: () throws(E) -> R) throws(E) -> R {
    isWriting.store(true, ordering: .sequentiallyConsistent)
    defer {
      isArrayOpen.store(endsInArray, ordering: .relaxed)
      isWriting.store(false, ordering: .sequentiallyConsistent)
      if isDue.load(ordering: .sequentiallyConsistent) { endNow() }
    }
    return try body()
  }

  /// From now on a thread writes to standard output, or no longer.
  static func spool(_ isSpooling: Bool) { self.isSpooling.store(isSpooling, ordering: .relaxed) }

  /// Another process does the work while `body` waits for it: it is told what it was not told by the terminal.
  static func following<R>(_ process: Int32, _ body: () throws -> R) rethrows -> R {
    child.store(process, ordering: .relaxed)
    defer {
      child.store(0, ordering: .relaxed)
      alarm(0)
    }
    return try body()
  }
}
