import CohortActions
import CohortCore
import CohortSystem

extension Session {
  /// Whether a person sits before the command who can be asked something.
  static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

  /// Asks a question on the terminal whose answer is yes or, by any other line, no.
  static func ask(_ question: String) -> Bool {
    SystemCall.put(TerminalText.line(question) + " [y/N] ", on: STDERR_FILENO)
    return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
  }
}
