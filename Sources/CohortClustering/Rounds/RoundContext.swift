internal import CohortCore
internal import CohortKernels

/// What an engine works with during one round: the data it reads, and the outcome it writes.
struct RoundContext {
  /// Records applied before this round.
  let start: UInt64
  let features: any SampleFeatures
  let path: cohort_path
  /// Threads that may work at the same time.
  let workers: Int
  /// Version of the rules by which the round is made.
  let rules: UInt32
  var overlay: AssignmentOverlay
  /// One past the greatest sample id whose insertion was applied: rounds scan no further.
  var frontier: UInt64
  var nextGroup: UInt32
  var outcome: RoundOutcome
  private var touched: Set<GroupID> = []

  init(
    start: UInt64, end: UInt64, frontier: UInt64, nextGroup: UInt32, table: any AssignmentTable,
    features: any SampleFeatures, path: cohort_path, workers: Int, rules: UInt32
  ) {
    self.start = start
    self.features = features
    self.path = path
    self.workers = workers
    self.rules = rules
    self.frontier = frontier
    self.nextGroup = nextGroup
    overlay = AssignmentOverlay(over: table)
    outcome = RoundOutcome(position: end)
  }

  mutating func newGroup() throws -> GroupID {
    guard nextGroup < GroupID.unassigned.rawValue else {
      throw CohortError(
        .clusteringTooManyGroups, "The grouping has used up its group ids", hint: "Group by something with fewer values"
      )
    }
    defer { nextGroup += 1 }
    return GroupID(nextGroup)
  }

  mutating func touch(_ group: GroupID) { touched.insert(group) }

  mutating func close(_ record: GroupRecord) {
    touched.remove(record.id)
    outcome.closed.append(record)
  }

  mutating func sawInsertion(of sample: SampleID) { frontier = max(frontier, sample.rawValue + 1) }

  /// Collects what changed. Called once, at the end.
  mutating func finish() throws {
    let changes = try overlay.changes()
    outcome.assignments = changes.assignments
    outcome.statistics.moved = changes.moved
    outcome.touched = touched.sorted()
    outcome.closed.sort { $0.id < $1.id }
  }
}
