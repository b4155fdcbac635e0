/// What the daemon is told about one store.
struct StoreSettings: Sendable {
  /// In the log and in the routes.
  var name: String
  /// The store's folder.
  var path: String
  var inboxes: [InboxWorker.Settings]
  /// Threads that embed and group.
  var workers: Int
  /// Seconds without a change after which samples are packed anew; 0: never.
  var compactAfter: Double
  var room: DiskRoom
  /// Take what is in the inboxes, bring everything up to date, and end.
  var once: Bool
}
