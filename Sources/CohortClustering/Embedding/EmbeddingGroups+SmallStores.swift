internal import CohortCore

/// Rounds of a small store: each record is a round of its own, so that nothing waits, and more is looked at anew.
extension EmbeddingGroups {
  /// Rules of this version and later ones look after small stores.
  private static let firstRules: UInt32 = 6
  /// With more values of centroids than this a round for each record costs too much.
  private static let mostValues = 1 << 16
  /// What a round brings is worth a look when it is this share of a group's error.
  private static let tellingShare = 0.2

  /// Not after balanced groups, which rounds of one record would divide and merge all the time; not without a guard; not
  /// where groups are looked for in a tree, which is made once a round; and not where there may be very many groups.
  func looksAfterSmallStores(_ rules: UInt32) -> Bool {
    let most = targetCount(RoundSchedule.small)
    return rules >= Self.firstRules && options.isGuarded && !isBalanced && most <= options.mostSearched
      && most <= Self.mostValues / dimension
  }

  /// Whether the store is small and looked after.
  func isSmall(_ context: RoundContext) -> Bool {
    looksAfterSmallStores(context.rules)
      && RoundSchedule.isSmall(present: total, applied: context.outcome.position)
  }

  /// Samples that lie far from the others of their group may be a reason to split it at once: a gain does not hold any
  /// more when a round brought a fifth of its group's error.
  mutating func forgetGains(of records: [ChangeRecord], _ context: RoundContext, _ work: Workspace) throws {
    var brought = [Double](repeating: 0, count: ids.count)
    for record in records where record.change == .inserted {
      guard let (group, distance) = try context.overlay.applied(record.sample), let slot = slot(of: group) else {
        continue
      }
      brought[slot] += Double(distance)
    }
    for slot in ids.indices where brought[slot] > 0 {
      if brought[slot] > Self.tellingShare * measure(slot, work.path).error { gains[slot] = nil }
    }
  }

  /// The same for a group that takes in the members of another one.
  mutating func forgetGain(of merge: Merge, _ context: RoundContext, _ work: Workspace) {
    guard isSmall(context), let slot = slot(of: merge.heir), counts[slot] > 0 else { return }
    if merge.cost > Self.tellingShare * measure(slot, work.path).error { gains[slot] = nil }
  }

  /// What a split may gain now that its group has more members than when that was computed.
  func promisedGain(_ slot: Int, _ context: RoundContext) -> Double {
    guard let gain = gains[slot] else { return 0 }
    guard gain.count < counts[slot], isSmall(context) else { return gain.value }
    return gain.value * Double(counts[slot]) / Double(max(gain.count, 1))
  }
}
