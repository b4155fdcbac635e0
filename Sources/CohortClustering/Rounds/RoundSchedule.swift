/// How long the next round is: a function of what has been applied, of nothing else, so that the state after a record does
/// not depend on how records arrived.
public enum RoundSchedule {
  /// Records that a grouping takes at once for which the length of a round does not matter.
  public static let usual = 4_096
  private static let share: UInt64 = 64
  private static let shareOfLengths: UInt64 = 16
  // As if so many samples were there after a long history: records that bring no vector are no round each.
  private static let mostOfHistory: UInt64 = 4_096
  /// A store of fewer samples is small.
  static let small: UInt64 = 4_096

  /// Records in a round of an embedding grouping of `present` samples: a sixty-fourth of them, at least 1; after a long
  /// history 64 at least.
  ///
  /// What is too short for a round is assigned to groups that know nothing of it, which costs most when a new topic
  /// arrives: longer rounds make a longer tail, and worse groups. Over 100,000 samples sorted by topic, rounds of 4,096
  /// left the error 1.048 times that of a full k-means++ run, rounds of a sixty-fourth 1.012 times, for an eighth more
  /// inner products. A round may look at every sample near a centroid that moved and may rewrite the assignments of all
  /// members of that group, which lie all over the store: both grow with the store, so their cost per record stays the
  /// same only if rounds grow with it. Where samples go as fast as they come, what is there counts, and not what has been.
  public static func length(present: UInt64, applied: UInt64) -> Int {
    max(Int(clamping: max(present, min(applied / share, mostOfHistory)) / share), 1)
  }

  /// Whether a store is small: fewer than 4,096 samples, and no long history. Where small stores are looked after, each of
  /// their records is a round of its own.
  static func isSmall(present: UInt64, applied: UInt64) -> Bool {
    max(present, min(applied / share, mostOfHistory)) < small
  }

  /// Records in a round of a grouping by length that follows `applied` records: a sixteenth of them, at least 1, up to
  /// 4,096 records; a sixty-fourth from 262,144 records on.
  public static func length(after applied: UInt64) -> Int {
    Int(clamping: min(max(applied / shareOfLengths, 1), max(UInt64(usual), applied / share)))
  }
}
