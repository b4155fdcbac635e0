import CohortCore
import CohortSystem

extension ErrorCode {
  static let daemonConfigKey = ErrorCode(.daemon, "config-key", .usage)
  static let daemonConfigSize = ErrorCode(.daemon, "config-size", .usage)
  static let daemonConfigSyntax = ErrorCode(.daemon, "config-syntax", .usage)
  static let daemonConfigUnreadable = ErrorCode(.daemon, "config-unreadable", .notFound)
  static let daemonConfigValue = ErrorCode(.daemon, "config-value", .usage)
  static let daemonConsume = ErrorCode(.daemon, "consume", .failure)
  static let daemonGone = ErrorCode(.daemon, "gone", .notFound)
  static let daemonInbox = ErrorCode(.daemon, "inbox", .usage)
  static let daemonLowDisk = ErrorCode(.daemon, "low-disk", .temporary)
  static let daemonNoGoodRecords = ErrorCode(.daemon, "no-good-records", .failure)
  static let daemonNoRecords = ErrorCode(.daemon, "no-records", .usage)
  static let daemonNote = ErrorCode(.daemon, "note", .failure)
  static let daemonPipe = ErrorCode(.daemon, "pipe", .failure)
  static let daemonRefused = ErrorCode(.daemon, "refused", .usage)
  static let daemonSharedInbox = ErrorCode(.daemon, "shared-inbox", .usage)
  static let daemonUnknown = ErrorCode(.daemon, "unknown", .failure)
  static let daemonUnreadable = ErrorCode(.daemon, "unreadable", .failure)
  static let daemonWatch = ErrorCode(.daemon, "watch", .failure)
}

extension CohortError {
  /// A system call that failed, with the reason in the system's words.
  static func system(_ code: ErrorCode, _ message: String, place: String, _ reason: Errno, hint: String? = nil) -> Self
  {
    CohortError(
      code, message, place: place, cause: reason.text,
      hint: hint ?? (reason.number == EROFS ? "The file system is read-only; the daemon has to write there" : nil))
  }
}
