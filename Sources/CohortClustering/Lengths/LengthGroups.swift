internal import CohortCore
internal import CohortKernels

/// Groups by length: half-open intervals that cover all lengths. An interval gets its group with its first sample.
///
/// - Edges given: records are applied one by one. With a group size, an interval of more than 4 times that size is split
///   at its median.
/// - Equal width, quantiles: the edges follow the data until 4,096 records are applied. After that equal-width intervals
///   stay, and one that holds more than 4 times its share (and at least 1,024 samples) is split at its median; quantiles
///   are cut again when an interval holds more than 1.5 times its share and cutting helps by a tenth.
struct LengthGroups: GroupingEngine {
  struct Group {
    var id: GroupID
    var count: UInt64
    var lineage: GroupLineage
  }

  let cut: GroupingDefinition.Edges
  let groupSize: UInt64?
  /// Inner edges, strictly ascending.
  var edges: [UInt64]
  /// The group of each interval; nil for an interval without samples.
  var groups: [Group?]
  /// No cutting before this many samples are in groups: cutting again must not cost more than arriving did.
  var restUntil: UInt64 = 0

  /// Records during which the edges follow the data.
  static let forming: UInt64 = 4_096
  static let leastOverfull: UInt64 = 1_024

  init(cut: GroupingDefinition.Edges, granularity: GroupingDefinition.Granularity) throws {
    self.cut = cut
    if case .groupSize(let size) = granularity { groupSize = UInt64(size) } else { groupSize = nil }
    switch cut {
    case .given(let values):
      guard values.first != 0, zip(values, values.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw CohortError.definition(
          "The edges of a length grouping must be positive and strictly ascending", hint: "For example 16,64,256")
      }
      edges = values
    case .equalWidth(let count), .quantiles(let count):
      guard count >= 1 else {
        throw CohortError.definition("A length grouping needs at least one interval", hint: "Ask for 1 or more")
      }
      edges = []
    }
    groups = Array(repeating: nil, count: edges.count + 1)
  }

  var openGroups: [GroupID] { groups.compactMap { $0?.id }.sorted() }

  func bounds(of interval: Int) -> GroupGeometry {
    .interval(
      lower: interval == 0 ? 0 : edges[interval - 1], upper: interval == edges.count ? .max : edges[interval])
  }

  func record(of group: GroupID) -> GroupRecord? {
    guard let interval = groups.firstIndex(where: { $0?.id == group }) else { return nil }
    return record(at: interval)
  }

  func record(at interval: Int) -> GroupRecord? {
    guard let group = groups[interval] else { return nil }
    return GroupRecord(id: group.id, lineage: group.lineage, count: group.count, geometry: bounds(of: interval))
  }

  func roundLength(after applied: UInt64, pending: Int, _ rules: UInt32) -> Int {
    if case .given = cut, groupSize == nil { return min(pending, RoundSchedule.usual) }
    let length = RoundSchedule.length(after: applied)
    return pending < length ? 0 : length
  }

  mutating func apply(_ records: [ChangeRecord], _ context: inout RoundContext) throws {
    for (offset, record) in records.enumerated() {
      let position = context.start + UInt64(offset) + 1
      switch record.change {
      case .inserted:
        let interval = IntervalCuts.interval(of: try Self.length(of: record), edges: edges)
        let group = try groupOf(interval, position: position, &context)
        try context.overlay.set(record.sample, group, 0)
        context.sawInsertion(of: record.sample)
        context.outcome.statistics.inserted += 1
        context.touch(group)
      case .deleted:
        guard let (group, _) = try context.overlay.applied(record.sample) else { continue }
        guard let interval = groups.firstIndex(where: { $0?.id == group }), let count = groups[interval]?.count,
          count > 0
        else {
          throw CohortError.damagedState(
            "A sample belongs to a group that is not there", place: "sample \(record.sample), group \(group)")
        }
        groups[interval]?.count = count - 1
        try context.overlay.set(record.sample, .unassigned, 0)
        context.outcome.statistics.deleted += 1
        context.touch(group)
        if count == 1 { close(interval, position: position, heir: nil, &context) }
      case .relabelled: throw CohortError.relabelled(record.sample)
      }
    }
    try adapt(&context)
  }

  private mutating func groupOf(
    _ interval: Int, position: UInt64, _ context: inout RoundContext
  ) throws -> GroupID {
    if let known = groups[interval] {
      groups[interval]?.count += 1
      return known.id
    }
    let group = try context.newGroup()
    groups[interval] = Group(id: group, count: 1, lineage: GroupLineage(born: position))
    context.outcome.events.append(GroupEvent(.born, position: position, child: group, count: 1))
    return group
  }

  /// Closes the group of an interval, with the bounds it has now.
  mutating func close(_ interval: Int, position: UInt64, heir: GroupID?, _ context: inout RoundContext) {
    guard var record = record(at: interval) else { return }
    groups[interval] = nil
    record.lineage.closed = position
    record.lineage.heir = heir
    let count = record.count
    record.count = 0
    context.outcome.events.append(
      GroupEvent(
        heir == nil ? .closed : .merged, position: position, parent: heir ?? .unassigned, child: record.id,
        count: count))
    if heir != nil { context.outcome.statistics.merges += 1 }
    context.close(record)
  }

  /// The sample's interval, or the nearest one that has a group.
  func assignProvisionally(
    _ records: [ChangeRecord], features: any SampleFeatures, path: cohort_path, workers: Int
  ) throws -> [Assignment] {
    let (arrivals, gone) = ChangeRecord.tail(records)
    return try arrivals.map { record in
      let interval = IntervalCuts.interval(of: try Self.length(of: record), edges: edges)
      let nearest = (0..<max(groups.count, 1)).lazy.flatMap { [interval - $0, interval + $0] }
        .first { groups.indices.contains($0) && groups[$0] != nil }
      let group = nearest.flatMap { groups[$0]?.id } ?? .unassigned
      return Assignment(sample: record.sample, group: group, distance: -0.0)
    } + gone.map { Assignment(sample: $0, group: .unassigned, distance: -0.0) }
  }

  static func length(of record: ChangeRecord) throws -> UInt64 {
    guard case .length(let length) = record.feature else {
      throw CohortError.record("A grouping by length was given a record without a length", sample: record.sample)
    }
    return length
  }
}

extension LengthKind: ClusteredKind {
  func makeEngine(_ parts: EngineParts, _ options: EmbeddingOptions) throws -> any GroupingEngine {
    try LengthGroups(cut: edges, granularity: parts.definition.granularity)
  }

  func restoreEngine(
    _ parts: EngineParts, header reader: inout ByteReader, _ records: [GroupRecord]
  ) throws -> any GroupingEngine {
    try LengthGroups(cut: edges, granularity: parts.definition.granularity, header: &reader, records: records)
  }
}
