import CohortCore

extension ErrorCode {
  /// The process of a store ended, for a reason that it did not tell.
  static let daemonChildGone = ErrorCode(.daemon, "child-gone", .temporary)
  /// A store is closed for good because reading it ends the process.
  static let daemonDamaged = ErrorCode(.daemon, "damaged", .corruption)
  static let daemonSpawn = ErrorCode(.daemon, "spawn", .temporary)
  static let daemonStoreName = ErrorCode(.daemon, "store-name", .usage)
}
