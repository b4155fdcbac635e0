import CohortActions
import CohortCore
import CohortSystem

extension Session {
  /// Whether a person sits before the command who can be asked something.
  static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

  /// Asks a question on the terminal whose answer is yes or, by any other line, no.
  static func ask(_ question: String) -> Bool {
    SystemCall.put(TerminalText.line(question) + " [y/N] ", on: STDERR_FILENO)
    return ["y", "yes"].contains(Interruption.asking { readLine() }?.lowercased() ?? "")
  }

  /// Refuses what must be confirmed where nobody can be asked.
  static func checkCanAsk(_ doing: String) throws {
    guard !canAsk else { return }
    throw CohortError.usage(
      "\(doing) by conditions must be confirmed, and there is no terminal to ask on",
      hint: "Add --yes; --dry-run tells how many samples it would be")
  }

  /// Asks before something is done to the samples that conditions found; no question where there are none.
  /// - Parameters:
  ///   - done: what was not done when the answer is no.
  ///   - question: gets the count with its noun.
  /// - Throws: `cli.interrupted` unless the answer is yes.
  func confirm(_ count: Int, _ done: String, _ question: (String) -> String) throws {
    guard count > 0 else { return }
    progress.finish()
    guard Self.ask(question(count == 1 ? "1 sample" : "\(count) samples")) else {
      throw CohortError(.cliInterrupted, "Not confirmed: nothing was \(done)")
    }
  }
}
