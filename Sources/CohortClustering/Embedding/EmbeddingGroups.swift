internal import CohortCore
internal import CohortKernels

/// Groups by neighbourhood of embeddings: k-means that keeps its objective while data arrives and goes.
///
/// Per group: the *published* centroid (Float32, frozen between rounds, what assignments refer to), the *live* sum of the
/// members' vectors (fixed point, exact under addition and removal in any order), and the number of members. On vectors of
/// length 1 the summed squared distance to the live mean is n - |S|² / n, so it is known without a scan.
///
/// Tables are indexed by slot; slots are ascending by group id, because new ids are the greatest.
struct EmbeddingGroups: GroupingEngine {
  let dimension: Int
  let granularity: GroupingDefinition.Granularity
  /// Whether groups have size bounds.
  let isBalanced: Bool
  let options: EmbeddingOptions

  var ids: [GroupID] = []
  var counts: [UInt64] = []
  var lineages: [GroupLineage] = []
  /// What a split is worth, and for how many members that was computed; nil when it has to be computed.
  var gains: [(value: Double, count: UInt64)?] = []
  /// Published centroids, `dimension` values a slot.
  var centroids: [Float] = []
  /// Live sums, `dimension` values a slot, scale 2^32.
  var sums: [Int64] = []
  /// What the guard found last.
  var lastGuard: GuardReading?
  /// Not part of the state.
  let memory = RoundMemory()
  /// Version of the rules by which the last round was made.
  var rules = GroupingState.unnotedRulesVersion

  init(dimension: Int, definition: GroupingDefinition, options: EmbeddingOptions) throws {
    guard (1...(1 << 16)).contains(dimension) else {
      throw CohortError.definition(
        "Vectors of \(dimension) values cannot be clustered", hint: "Dimensions from 1 to 65,536 are supported")
    }
    switch definition.granularity {
    case .groups(let count) where count < 1:
      throw CohortError.definition("A grouping needs at least one group", hint: "Ask for 1 or more groups")
    case .groupSize(let size) where size < 1:
      throw CohortError.definition("A group needs at least one sample", hint: "Ask for a group size of 1 or more")
    default: break
    }
    self.dimension = dimension
    granularity = definition.granularity
    isBalanced = definition.isBalanced
    self.options = options
  }

  var openGroups: [GroupID] { ids }
  var notesRules: Bool { true }

  func meanError(_ path: cohort_path) -> Double? { total > 0 ? summedError(path) / Double(total) : nil }

  /// - Complexity: O(log groups).
  func slot(of group: GroupID) -> Int? {
    var low = 0
    var high = ids.count
    while low < high {
      let middle = (low + high) / 2
      if ids[middle] < group { low = middle + 1 } else { high = middle }
    }
    return low < ids.count && ids[low] == group ? low : nil
  }

  func record(of group: GroupID) -> GroupRecord? {
    guard let slot = slot(of: group) else { return nil }
    return record(at: slot, live: true)
  }

  func record(at slot: Int, live: Bool) -> GroupRecord {
    let values = (slot * dimension)..<((slot + 1) * dimension)
    let gain = gains[slot]
    return GroupRecord(
      id: ids[slot], lineage: lineages[slot], count: counts[slot], geometry: .centroid(Array(centroids[values])),
      live: live
        ? GroupRecord.Live(sum: Array(sums[values]), gain: gain?.value ?? 0, gainCount: gain?.count) : nil)
  }

  func roundLength(after applied: UInt64, pending: Int, _ rules: UInt32) -> Int {
    let length =
      looksAfterSmallStores(rules) && RoundSchedule.isSmall(present: total, applied: applied)
      ? 1 : RoundSchedule.length(present: total, applied: applied)
    return pending < length ? 0 : length
  }

  /// Clustered samples.
  var total: UInt64 { counts.reduce(0, +) }

  /// How many groups there shall be for `total` samples.
  func targetCount(_ total: UInt64) -> Int {
    let quarter = Int(total / 4 + (total % 4 == 0 ? 0 : 1))
    switch granularity {
    case .groups(let count): return max(1, min(count, quarter))
    case .groupSize(let size): return max(1, Int((total + UInt64(size) / 2) / UInt64(size)))
    case .automatic: return max(1, min(Self.squareRoot(total) / 2, quarter))
    }
  }

  private static func squareRoot(_ value: UInt64) -> Int {
    var root = UInt64(Double(value).squareRoot())
    while root * root > value { root -= 1 }
    while (root + 1) * (root + 1) <= value { root += 1 }
    return Int(root)
  }

  /// Steps 1 to 5 of the round (`Docs/clustering.md`).
  mutating func apply(_ records: [ChangeRecord], _ context: inout RoundContext) throws {
    noteRules(&context)
    let work = Workspace(dimension: dimension, path: context.path, workers: context.workers)
    try admit(records, &context, work)
    closeEmptyGroups(&context, work)
    if isSmall(context) { try forgetGains(of: records, context, work) }
    work.bounds = sizeBounds
    republish(ids, &context, work)
    try grow(&context, work)
    try swap(&context, work)
    try balance(&context, work)
    try guardQuality(&context, work)
  }

  /// Says by which rules this round and those after it are made, when they are not those of the round before.
  mutating func noteRules(_ context: inout RoundContext) {
    guard rules != context.rules else { return }
    rules = context.rules
    context.outcome.events.append(
      GroupEvent(.ruled, position: context.outcome.position, count: UInt64(rules)))
  }

  // MARK: Stored form

  func encodeHeader(into writer: inout ByteWriter) {
    EmbeddingHeader(options: options, lastGuard: lastGuard, rules: rules).encode(into: &writer)
  }

  /// - Parameter records: open groups, ascending.
  init(
    dimension: Int, definition: GroupingDefinition, header reader: inout ByteReader, records: [GroupRecord]
  ) throws {
    let stored = try EmbeddingHeader(from: &reader)
    try self.init(dimension: dimension, definition: definition, options: stored.options)
    lastGuard = stored.lastGuard
    rules = stored.rules
    for record in records {
      guard case .centroid(let centroid) = record.geometry, centroid.count == dimension, let live = record.live,
        live.sum.count == dimension, centroid.allSatisfy(\.isFinite), live.gain.isFinite
      else {
        throw CohortError.damagedState("A group has no centroid of the right size", place: "group \(record.id)")
      }
      ids.append(record.id)
      counts.append(record.count)
      lineages.append(record.lineage)
      gains.append(live.gainCount.map { (live.gain, $0) })
      centroids += centroid
      sums += live.sum
    }
  }
}

extension EmbeddingKind: ClusteredKind {
  func makeEngine(_ parts: EngineParts, _ options: EmbeddingOptions) throws -> any GroupingEngine {
    try EmbeddingGroups(dimension: parts.dimension, definition: parts.definition, options: options)
  }

  func restoreEngine(
    _ parts: EngineParts, header reader: inout ByteReader, _ records: [GroupRecord]
  ) throws -> any GroupingEngine {
    try EmbeddingGroups(
      dimension: parts.dimension, definition: parts.definition, header: &reader, records: records)
  }
}
