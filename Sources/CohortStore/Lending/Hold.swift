internal import CohortLMDB

/// Work that no two processes or threads may do to a store at the same time, though others may write between its
/// transactions.
public enum Hold: String, CaseIterable, Sendable {
  /// Giving samples their vectors.
  case vectors
  /// Measuring and grouping samples, pinning that in snapshots, and changing what it stands on.
  case groupings
  /// Writing the catalog's file.
  case catalog
  /// Packing samples anew.
  case packing

  /// What embedding, measuring, grouping and pinning needs.
  public static let updating: [Hold] = [.vectors, .groupings]
}

/// Who may write a store next. The owner's process has a `WriteSchedule`; a guest asks that of the owner.
protocol WriteTurns: Sendable {
  /// Waits for a turn, runs one transaction in it, and gives it back.
  func turn<R>(_ body: () throws -> R) throws -> R
  /// Waits until nobody else has the hold, and keeps it while `body` runs.
  func holding<R>(_ hold: Hold, patience: Double?, _ body: () throws -> R) throws -> R
}

extension WriterThread {
  /// Runs `body` on the thread once there is a turn for it.
  func perform<R>(within turns: any WriteTurns, _ body: () throws -> R) throws -> R {
    checkIsOutside()
    return try turns.turn { try perform(body) }
  }
}
