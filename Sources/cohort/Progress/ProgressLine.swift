import CohortPipeline
import CohortSystem

/// Tells progress on standard error: one line that is written over on a terminal, a plain line a second otherwise, or
/// nothing. Any thread may report.
final class ProgressLine: Sendable {
  private struct State {
    var estimate = ProgressEstimate()
    var shown: Double?
    var isOpen = false
  }

  private let state = Locked(State())
  private let isOn: Bool
  private let terminal: Terminal
  private let start = ContinuousClock.now

  init(mode: ProgressMode, terminal: Terminal) {
    isOn = mode == .on || (mode == .auto && terminal.isTerminal)
    self.terminal = terminal
  }

  /// Takes a report. Cheap enough to be called for every batch: the screen changes at most ten times a second.
  func report(_ progress: JobProgress) {
    guard isOn else { return }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    state.withLock { state in
      state.estimate.add(progress, at: seconds)
      let pause = terminal.isCapable ? 0.1 : 1
      if let shown = state.shown, seconds - shown < pause { return }
      state.shown = seconds
      let line = TerminalText.line(state.estimate.line(progress))
      if terminal.isCapable {
        SystemCall.put("\r\(TerminalText.cut(line, to: (terminal.columns ?? 80) - 1))\u{1b}[K", on: STDERR_FILENO)
        state.isOpen = true
      } else {
        SystemCall.put(line + "\n", on: STDERR_FILENO)
      }
    }
  }

  /// Says something that stays: a log line for people.
  func note(_ text: String) {
    guard isOn else { return }
    state.withLock { state in
      clear(&state)
      SystemCall.put(TerminalText.block(text) + "\n", on: STDERR_FILENO)
    }
  }

  /// Says something that must be known, even where no progress is shown: what is left out of a result.
  func warn(_ text: String) {
    state.withLock { state in
      clear(&state)
      SystemCall.put(TerminalText.block(text) + "\n", on: STDERR_FILENO)
    }
  }

  /// Takes the line away, before anything else is written.
  func finish() { state.withLock { clear(&$0) } }

  private func clear(_ state: inout State) {
    guard state.isOpen else { return }
    SystemCall.put("\r\u{1b}[K", on: STDERR_FILENO)
    state.isOpen = false
  }
}
