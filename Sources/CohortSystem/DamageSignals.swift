internal import CSystemCalls

/// Signals that a damaged page of a store raises: LMDB's pages have no checksums, and what LMDB finds in a damaged one can lead
/// it beyond the page or the file.
///
/// For programs only, which then end with exit code 4 and say which page of which file it was. A library leaves the
/// signals of its host alone.
public enum DamageSignals {
  /// How the end is told.
  public enum Telling: Sendable {
    /// Lines for people on standard error.
    case text
    /// The same, and an object with an error on standard output.
    case object
    /// A line of a log on standard error.
    case logfmt, logJSON
    /// Only by the word to a supervisor.
    case silent
  }

  /// From now on SIGSEGV, SIGBUS and SIGABRT end the process in that way where they come of a store's pages. All others do
  /// what they did before.
  /// - Parameter word: a descriptor that gets 14 bytes before the end: uint32 10, uint8 4, uint8 signal, uint64 page or
  ///   2^64 - 1, little-endian.
  public static func install(_ telling: Telling, word: Int32? = nil) {
    let format =
      switch telling {
      case .text: COHORT_DAMAGE_TEXT
      case .object: COHORT_DAMAGE_OBJECT
      case .logfmt: COHORT_DAMAGE_LOGFMT
      case .logJSON: COHORT_DAMAGE_LOG_JSON
      case .silent: COHORT_DAMAGE_SILENT
      }
    cohort_damage_install(Int32(format), word ?? -1)
  }
}

/// A file that is being written under a name of its own until it is complete. When a signal ends the process that a program
/// takes (`removeAll`), or damage does, it is removed.
public final class DraftNote: Sendable {
  private let number: Int32

  /// Notes a file, before it is made.
  public init(_ path: String) { number = cohort_draft_begun(path) }

  /// The file has its own name now, or is gone.
  public func done() { cohort_draft_done(number) }

  /// Removes those that are not done. May be called in a signal handler.
  public static func removeAll() { cohort_remove_drafts() }
}

/// The process that started this one.
public enum ParentProcess {
  /// From now on this process does not outlive its parent: the system kills it when the parent ends, however it ends. Where
  /// the system cannot do that, nothing happens.
  /// - Parameter parent: the process that started this one; it may have ended already.
  public static func dieWith(_ parent: pid_t) { cohort_die_with_parent(parent) }
}
