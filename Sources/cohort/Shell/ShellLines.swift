import CLineEditing
import CohortSystem

/// Where the shell gets its lines from.
enum ShellLine: Equatable {
  /// Without its end.
  case line(String)
  /// Control-C: what was typed so far is given up.
  case interrupted
  /// Control-D, or a terminal that is gone.
  case end
}

/// Lines of a person at a terminal. The prompt goes to standard error.
protocol ShellLines {
  /// Waits for a line.
  mutating func next(prompt: String) -> ShellLine
  /// Keeps a line for the arrow keys.
  func remember(_ line: String)
}

extension ShellLines {
  /// Waits until a key was pressed.
  /// - Returns: false after Control-C.
  fileprivate func waitForKey() -> Bool {
    var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    while !Interruption.requested {
      // A signal may have come just before: so not for ever.
      if poll(&waiting, 1, 250) > 0 { return true }
    }
    return false
  }
}

/// Lines as the terminal itself lets people edit them.
struct PlainLines: ShellLines {
  private var bytes: [UInt8] = []

  init() {}

  mutating func next(prompt: String) -> ShellLine {
    SystemCall.put(prompt, on: STDERR_FILENO)
    while true {
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: bytes[..<end], as: UTF8.self)
        bytes.removeSubrange(...end)
        return .line(line)
      }
      guard waitForKey() else {
        bytes = []
        SystemCall.put("\n", on: STDERR_FILENO)
        return .interrupted
      }
      var block = [UInt8](repeating: 0, count: 1 << 14)
      let count = block.withUnsafeMutableBytes { (try? SystemCall.read(STDIN_FILENO, into: $0)) ?? 0 }
      guard count > 0 else {
        guard bytes.isEmpty else {
          bytes.append(UInt8(ascii: "\n"))
          continue
        }
        SystemCall.put("\n", on: STDERR_FILENO)
        return .end
      }
      bytes += block[..<count]
    }
  }

  func remember(_ line: String) {}
}

/// Lines that the system's libedit or libreadline edits, with history and completion. One for the process.
struct UnsafeEditedLines: ShellLines {
  /// Libraries that are looked for, by the names that systems give them.
  private static let libraries = [
    "libedit.so.2", "libedit.so.0", "libedit.3.dylib", "libreadline.so.8", "libreadline.so.7",
  ]
  /// What the library may ask while it completes a word. Guard: written before the first line, read by the same thread.
  nonisolated(unsafe) private static var completion: ShellCompletion?

  /// What a person can install.
  static let advice = "libedit (Debian and Ubuntu: apt install libedit2; Fedora: dnf install libedit)"

  /// - Parameters:
  ///   - wanted: a library that is to be used, or `off` for none; nil for those that are known.
  ///   - completion: what words may become.
  /// - Returns: nil where no library can be used.
  init?(wanted: String?, completion: ShellCompletion) {
    guard wanted != "off" else { return nil }
    let names = (wanted.map { [$0] } ?? Self.libraries).map { strdup($0) }
    defer { for name in names { free(name) } }
    guard cohort_lines_open(names.map { $0.map { UnsafePointer($0) } } + [nil]) != nil else { return nil }
    Self.completion = completion
    cohort_lines_complete_with(
      { _, word, line in
        guard let word, let line else { return }
        let candidates = Self.completion?.candidates(for: String(cString: word), in: String(cString: line)) ?? []
        for candidate in candidates { cohort_lines_offer(candidate) }
      }, nil)
  }

  func next(prompt: String) -> ShellLine {
    cohort_lines_begin(prompt)
    while true {
      guard waitForKey() else {
        cohort_lines_cancel()
        SystemCall.put("\n", on: STDERR_FILENO)
        return .interrupted
      }
      var line: UnsafeMutablePointer<CChar>?
      switch cohort_lines_take(&line) {
      case Int32(COHORT_LINES_LINE):
        defer { free(line) }
        return .line(line.map { String(cString: $0) } ?? "")
      case Int32(COHORT_LINES_END):
        SystemCall.put("\n", on: STDERR_FILENO)
        return .end
      default: continue
      }
    }
  }

  func remember(_ line: String) { cohort_lines_remember(line) }
}
