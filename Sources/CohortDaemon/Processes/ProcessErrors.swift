import CohortCore

extension ErrorCode {
  /// The process of a store ended, for a reason that it did not tell.
  static let daemonChildGone = ErrorCode(.daemon, "child-gone", .temporary)
  /// A store is closed for good because reading it ends the process.
  static let daemonDamaged = ErrorCode(.daemon, "damaged", .corruption)
  static let daemonSpawn = ErrorCode(.daemon, "spawn", .temporary)
  static let daemonStoreName = ErrorCode(.daemon, "store-name", .usage)
}

extension CohortError {
  /// Pages of a store end the processes that read them.
  /// - Parameter page: where it was, if that is known.
  static func damaged(store: String, page: UInt64?, cause: String) -> CohortError {
    CohortError(
      .daemonDamaged, "The store is damaged: reading it ended its process",
      place: page.map { "\(store)/data.mdb, page \($0)" } ?? store, cause: cause,
      hint: "See what is damaged with 'cohort verify', and what can be mended with 'cohort verify --repair --dry-run'")
  }
}
