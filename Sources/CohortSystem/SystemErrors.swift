package import CohortCore

extension ErrorCode {
  package static let systemNoThread = ErrorCode(
    .system, "no-thread", .temporary, hint: "Raise the limit of processes (ulimit -u)")
  package static let systemOpenFiles = ErrorCode(
    .system, "open-files", .failure, hint: "Raise the limit of open files (ulimit -n 1024)")
}

extension CohortError {
  /// Runs system calls; what one fails with is told in the words of the module that made them.
  package static func describing<R>(
    _ words: (Errno) -> CohortError, _ calls: () throws(Errno) -> R
  ) throws(CohortError) -> R {
    do throws(Errno) { return try calls() } catch { throw words(error) }
  }
}

/// What a system call that failed left in `errno`.
public struct Errno: Error, Hashable {
  /// The value of `errno`: the constants of the system's headers, such as `ENOENT`.
  public let number: Int32

  public init(_ number: Int32) { self.number = number }

  /// The number that the last call left.
  public static var last: Errno { Errno(errno) }

  /// The system's words for it.
  public var text: String { strerror(number).map { String(cString: $0) } ?? "error \(number)" }

  /// Whether a file cannot grow: no room, a quota, or a limit on the size of files (`ulimit -f`).
  public var isNoRoom: Bool { number == ENOSPC || number == EDQUOT || number == EFBIG }
}
