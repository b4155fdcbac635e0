internal import CohortCore

extension ErrorCode {
  /// The process of a store is not there, or went away before it answered.
  static let serverStoreAway = ErrorCode(.server, "store-away", .temporary, hint: "Try again in a moment")
  /// The process of a store is there, and says nothing at all.
  static let serverStoreSilent = ErrorCode(
    .server, "store-silent", .temporary,
    hint: "Look whether it is stopped, and let it go on or end it: then it is started again")
}
