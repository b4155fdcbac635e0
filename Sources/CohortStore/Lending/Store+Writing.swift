internal import CohortCore
internal import CohortSystem

extension Store {
  /// Seconds in which a daemon that has just taken the owner's lock opens its door.
  private static let doorSeconds = 5.0

  /// Opens an existing store for writing: as its owner where nobody is, else as a guest of the daemon that is.
  /// - Parameter turnChanged: see `open`.
  /// - Throws: what `open` throws; `store.owned` when a process that lends no turns owns the store.
  public static func openForWriting(
    at path: String, name: String, turnChanged: @escaping @Sendable (Bool) -> Void = { _ in }
  ) throws -> Store {
    let end = SystemClock.steady + Int64(doorSeconds * 1e9)
    while true {
      do {
        return try open(at: path, access: .owner(name: name))
      } catch let error as CohortError where error.code == .storeOwned {
        let isDaemon = OwnerLock.isHeldByDaemon(of: path)
        guard isDaemon || SystemCall.exists(StoreLayout(path).ownerSocket) else { throw error }
        do {
          return try open(at: path, access: .guest(name: name), turnChanged: turnChanged)
        } catch let silent as CohortError where silent.code == .storeOwnerSilent && SystemClock.steady < end {
          // It is about to open its door, or has just ended.
          usleep(50_000)
        }
      }
    }
  }
}
