internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// Buffers of one round, used again and again, and what was found out during the round.
final class Workspace {
  let path: cohort_path
  let dimension: Int
  let workers: Workers
  /// One for each worker.
  let lanes: [Lane]
  /// The halves of groups for which 2-means ran in this round and which have not changed since.
  var halves: [GroupID: TwoMeans.Halves] = [:]
  /// All centroids as they are now; nil until they are asked for.
  var everyone: ColumnSet?
  /// Groups whose published centroids changed or appeared and with which not everyone has been compared yet. At any time,
  /// without bounds on sizes, the stored distance of a sample is not above its distance to any other centroid.
  var pending: Set<GroupID> = []
  /// Repairs look at everyone, whatever the options say.
  var isUnlimited = false
  /// How large groups may be; nil for any size.
  var bounds: SizeBounds?

  init(dimension: Int, path: cohort_path, workers count: Int) {
    self.path = path
    self.dimension = dimension
    workers = Workers(count: count)
    lanes = (0..<workers.count).map { _ in Lane(dimension: dimension, path: path) }
  }

  deinit { workers.end() }

  /// Forgets what was found out: the groups are those of before.
  func forget() {
    halves = [:]
    everyone = nil
    pending = []
  }

  /// Reads samples a block at a time, compares them with all columns, and lets `body` look at each block: the lane's
  /// `block` holds the rows, normalised, `block.result(_:)` what was found.
  /// - Parameters:
  ///   - samples: ascending.
  ///   - areMembers: whether it is an error if one has no vector.
  ///   - body: called by several workers at a time, each with its own lane, and with where the block begins in `samples`.
  func compare(
    _ samples: [UInt64], areMembers: Bool, with columns: ColumnSet, _ features: any SampleFeatures,
    _ body: @Sendable (_ lane: Lane, _ start: Int) throws -> Void
  ) throws {
    let lanes = lanes
    try workers.compare(samples, of: features, with: columns, in: lanes.map(\.block), path) { worker, start, products in
      let lane = lanes[worker]
      if areMembers { try lane.block.checkMembers() }
      lane.statistics.innerProducts += UInt64(products)
      try body(lane, start)
    }
  }
}

extension RowBlock {
  /// Reads and normalises members of groups: each must have a vector.
  func loadMembers(_ wanted: [UInt64], _ features: any SampleFeatures, _ path: cohort_path) throws {
    try load(wanted, features, path)
    try checkMembers()
  }

  /// The same without normalising.
  func readMembers(_ wanted: [UInt64], _ features: any SampleFeatures, _ path: cohort_path) throws {
    try read(wanted, features, path)
    try checkMembers()
  }

  func checkMembers() throws {
    if let missing = (0..<count).first(where: { !isPresent($0) }) {
      throw CohortError(
        .vectorsDamaged, "A member of a group has lost its vector", place: "sample \(SampleID(samples[missing]))")
    }
  }
}

/// What one worker of a round works with, and what it found that has not been applied yet.
///
/// Guard of the unchecked conformance: while workers run, lane *i* belongs to worker *i*; otherwise to the round's thread.
final class Lane: @unchecked Sendable {
  struct Move {
    var sample: UInt64
    /// Slots; -1 for no group.
    var from: Int32
    var to: Int32
    var distance: Float
  }

  let path: cohort_path
  let block: RowBlock
  /// Rows that have to be compared with all centroids, and the slots of their groups.
  let full: RowBlock
  var fullOrigins: [Int32] = []
  /// Samples on their way into `block`.
  var queue: [UInt64] = []
  var queueOrigins: [(slot: Int32, distance: Float)] = []
  /// Members of one group for 2-means.
  lazy var members = RowBlock(dimension: block.dimension, capacity: TwoMeans.mostMembers)
  let scores = ScoreBuffer()
  /// Samples that a repair looks at: members of moved and closed groups, those that few moved columns may attract, those
  /// that any may.
  let certain = Suspects(capacity: mostSuspects)
  let few = Suspects(capacity: mostSuspects)
  let many = Suspects(capacity: mostSuspects)
  static let mostSuspects = 4_096
  /// Columns that a sample is compared with one by one.
  var rivals = [Int](repeating: 0, count: Lane.mostRivals)
  static let mostRivals = 16
  lazy var filter = HalfFilter(dimension: block.dimension)

  /// What comes of it: changes of sums, new assignments, and counts.
  let sums: SumChanges
  var moves: [Move] = []
  var statistics = RoundStatistics()

  init(dimension: Int, path: cohort_path) {
    self.path = path
    let rows = RowBlock.rows(dimension: dimension)
    block = RowBlock(dimension: dimension, capacity: rows)
    full = RowBlock(dimension: dimension, capacity: rows)
    sums = SumChanges(dimension: dimension)
  }

  /// The nearest column of row `i` of a block that was compared with these columns; the row must be normalised.
  func decide(_ i: Int, of block: RowBlock, among columns: ColumnSet) -> (column: Int, distance: Double)? {
    guard columns.count > 0, let row = block.pointer(i) else { return nil }
    let nearest = columns.decide(row, block.result(i), in: block.branches(i), path, scores)
    if nearest.wasNearTie { statistics.nearTies += 1 }
    return (nearest.column, nearest.distance)
  }
}

extension EmbeddingGroups {
  /// Applies what the workers found: sums, numbers of members and assignments.
  mutating func collect(_ context: inout RoundContext, _ work: Workspace) throws {
    for lane in work.lanes {
      try lane.sums.drain { slot, members, sum in
        guard members >= 0 || counts[slot] >= UInt64(-members) else {
          throw CohortError.damagedState(
            "A group has fewer members than samples name it", place: "group \(ids[slot])")
        }
        counts[slot] = UInt64(Int(counts[slot]) + members)
        let start = slot * dimension
        sums.withUnsafeMutableBufferPointer { sums in
          for (i, value) in sum.enumerated() { sums[start + i] &+= value }
        }
        context.touch(ids[slot])
        work.halves[ids[slot]] = nil
      }
      for move in lane.moves {
        try context.overlay.set(
          SampleID(move.sample), move.to < 0 ? .unassigned : ids[Int(move.to)], move.distance)
      }
      context.outcome.statistics += lane.statistics
      lane.moves.removeAll(keepingCapacity: true)
      lane.statistics = RoundStatistics()
    }
  }
}
