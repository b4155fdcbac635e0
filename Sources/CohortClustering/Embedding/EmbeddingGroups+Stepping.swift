internal import CohortCore

/// Rounds of a small store: each record is a step of its own, so that nothing waits for its round to be full. However
/// many steps a round has, the state after a record is the same.
extension EmbeddingGroups {
  /// Rules of this version and later ones look after small stores.
  private static let firstRules: UInt32 = 6
  /// With more values of centroids than this, a step of one record costs too much beside a round of many.
  private static let mostValues = 1 << 17

  /// How many of the next records are each a step of its own; 0 when the store is not small.
  func steps(after applied: UInt64, _ rules: UInt32) -> Int {
    isCheap && looksAfterSmallStores(rules) ? RoundSchedule.steps(present: total, applied: applied) : 0
  }

  /// Not after balanced groups, which a step at a time would divide and merge all the time; not without a guard; and not
  /// where groups are looked for in a tree, which is made once a round.
  private func looksAfterSmallStores(_ rules: UInt32) -> Bool {
    rules >= Self.firstRules && options.isGuarded && !isBalanced
      && targetCount(RoundSchedule.small) <= options.mostSearched
  }

  /// Whether as many groups as a small store can have are few.
  var isCheap: Bool { targetCount(RoundSchedule.small) <= Self.mostValues / dimension }

  /// Whether rounds end with swaps and passes because the store is small.
  func isPolished(_ context: RoundContext) -> Bool {
    looksAfterSmallStores(context.rules)
      && RoundSchedule.steps(present: total, applied: context.outcome.position) > 0
  }

  mutating func applyStepwise(
    _ records: [ChangeRecord], _ context: inout RoundContext, _ work: Workspace
  ) throws {
    let start = context.start
    for (i, record) in records.enumerated() {
      context.start = start + UInt64(i)
      context.outcome.position = context.start + 1
      if i == 0 { noteRules(&context) }
      work.halves = [:]
      try advance([record], &context, work)
    }
  }
}
