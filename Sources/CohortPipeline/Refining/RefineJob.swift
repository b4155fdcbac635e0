internal import CohortCore
internal import CohortClustering
public import CohortStore

/// What refining a grouping did.
public struct RefinementReport: Hashable, Sendable {
  /// Name of the grouping that was refined.
  public var grouping: String
  /// Passes that changed something.
  public var passes = 0
  /// Mean squared distance of the samples to their groups' centroids before the first pass and after the last one; nil
  /// when no sample has a group.
  public var before: Double?
  /// As `before`, after the last pass.
  public var after: Double?
  /// Samples that changed their group, added up over the passes.
  public var moved = 0
  /// Groups that were divided, added up over the passes.
  public var splits = 0
  /// Groups that were merged away, added up over the passes.
  public var merges = 0
  /// Open groups afterwards.
  public var groups = 0
  /// Whether the error stopped falling, and not only the passes were used up.
  public var isSettled = false

  init(grouping: String) { self.grouping = grouping }
}

/// Refines a grouping by embedding at a wish: passes of Lloyd's algorithm and swaps, until the error stops falling.
public enum RefineJob {
  /// Passes at most, when nobody says otherwise.
  public static let defaultPasses = 50
  /// The least share of the error that a pass must take away, when nobody says otherwise.
  public static let defaultShare = 0.0001

  /// Brings the grouping up to date, the short tail included, and then makes passes. Each pass is committed and logged
  /// alone, so what is done stays done.
  /// - Parameters:
  ///   - passes: at most this many.
  ///   - share: ends with the first pass that lowers the error by less than this share of it.
  /// - Throws: `pipeline.interrupted` between passes; `clustering.not-refinable`; `store.unknown-grouping`.
  /// - Complexity: samples x groups distances a pass; the memory of a round, and 8 bytes for each sample that moves.
  public static func run(
    _ store: Store, grouping: String, passes: Int = defaultPasses, until share: Double = defaultShare,
    control: JobControl = JobControl()
  ) throws -> RefinementReport {
    let follower = try GroupingFollower(store, grouping: grouping)
    var report = RefinementReport(grouping: grouping)
    for pass in 0..<max(passes, 0) {
      _ = try follower.update(control)
      let outcome: Double?
      do {
        outcome = try follower.refine(&report, control)
      } catch let error as CohortError {
        // The next pass begins with what another job has made, or with the round that samples make which came meanwhile.
        guard try error.code == .clusteringRoundLength || store.hasMoved(follower.record, because: error) else {
          throw error
        }
        continue
      }
      guard let gain = outcome else {
        report.isSettled = true
        break
      }
      control.report(
        JobProgress(stage: "refining \(grouping)", done: UInt64(pass + 1), total: UInt64(passes), unit: "passes"))
      if gain < share {
        report.isSettled = true
        break
      }
      try control.checkpoint()
    }
    _ = try follower.update(control)
    return report
  }
}

extension GroupingFollower {
  /// One pass, with what is left of the feed.
  /// - Returns: the share of the error that is gone; nil when nothing was left to do.
  fileprivate func refine(_ report: inout RefinementReport, _ control: JobControl) throws -> Double? {
    let (records, next, samples) = try store.read { transaction in
      let tail = try transaction.changes(feed, from: record.applied, limit: state.longestRound)
      return (try source.records(tail.records, transaction), tail.next, try transaction.counters.nextSample)
    }
    let before = state
    let outcome: RoundOutcome
    do {
      outcome = try state.refine(
        records, assignments: StoreAssignments(store: store, grouping: record, sampleCount: samples),
        features: features)
    } catch {
      state = before
      throw error
    }
    let after = state.meanSquaredDistance
    guard !records.isEmpty || !outcome.assignments.isEmpty || !outcome.touched.isEmpty || !outcome.closed.isEmpty else {
      // Not committed, so not even the version of the rules may have changed.
      state = before
      if report.passes == 0 { report.before = after }
      report.after = after
      report.groups = state.groupCount
      return nil
    }
    try commit([roundCommit(outcome, next: next)], orReturnTo: before, control)
    let gain = outcome.events.first.map { $0.gain / Double(max($0.count, 1)) } ?? 0
    if report.passes == 0 { report.before = after.map { $0 + gain } }
    report.passes += 1
    report.after = after
    report.moved += outcome.statistics.moved
    report.splits += outcome.statistics.splits
    report.merges += outcome.statistics.merges
    report.groups = state.groupCount
    return after.map { gain / max($0 + gain, .leastNormalMagnitude) } ?? 0
  }
}
