/// How long the next round is: a function of how many records have been applied, of nothing else, so that the state
/// after a record does not depend on how records arrived.
///
/// - A quarter of what is there, at least 1, while that is less than 4,096: so a small store has at most a fifth of its
///   samples assigned provisionally, and 16,384 records take 44 rounds.
/// - 4,096 up to 131,072 records.
/// - A thirty-second of what is there from then on. A round may look at every sample near a centroid that moved and may
///   rewrite the assignments of all members of that group, which lie all over the store: both grow with the store, so
///   their cost per record stays the same only if rounds grow with it.
public enum RoundSchedule {
  /// Records of a round of a store of ordinary size; also how many a grouping takes at once for which the length of a
  /// round does not matter.
  public static let usual = 4_096
  private static let share: UInt64 = 32

  /// Records in the round that follows `applied` records.
  public static func length(after applied: UInt64) -> Int {
    Int(clamping: min(max(applied / 4, 1), max(UInt64(usual), applied / share)))
  }
}
