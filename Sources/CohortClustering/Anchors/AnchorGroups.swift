internal import CohortCore
internal import CohortKernels

/// Groups by labelled anchors: one for each label, from the first round on and for good. Every record is applied alone,
/// so rounds may have any length, and nothing ever moves.
struct AnchorGroups: GroupingEngine {
  let anchors: AnchorSet
  let votes: Int
  /// Members of each label's group; empty before the first round.
  private var counts: [UInt64] = []
  private var born: UInt64 = 0

  init(_ named: AnchorsKind, anchors: AnchorSet?, dimension: Int) throws {
    guard let anchors else {
      throw CohortError.definition("A grouping by anchors needs its anchors", hint: "Give the anchors")
    }
    guard anchors.digest == named.set, anchors.dimension == dimension else {
      throw CohortError.damagedState("The anchors are not those that the grouping was created with")
    }
    guard named.votes >= 1, named.votes <= anchors.count else {
      throw CohortError.definition(
        "\(named.votes) of \(anchors.count) anchors cannot vote", hint: "Take a number from 1 to \(anchors.count)")
    }
    self.anchors = anchors
    votes = named.votes
  }

  mutating func restore(_ records: [GroupRecord]) throws {
    guard !records.isEmpty else { return }
    let labels = records.map { record -> String? in
      if case .label(let label) = record.geometry, record.live == nil { label } else { nil }
    }
    guard labels == anchors.labels, records.enumerated().allSatisfy({ $0.offset == Int($0.element.id.rawValue) }) else {
      throw CohortError.damagedState("The groups are not those of the anchors' labels")
    }
    counts = records.map(\.count)
    born = records[0].lineage.born
  }

  var openGroups: [GroupID] { counts.indices.map { GroupID(UInt32($0)) } }

  func record(of group: GroupID) -> GroupRecord? {
    guard group.rawValue < counts.count else { return nil }
    let index = Int(group.rawValue)
    return GroupRecord(
      id: group, lineage: GroupLineage(born: born), count: counts[index], geometry: .label(anchors.labels[index]))
  }

  func roundLength(after applied: UInt64, pending: Int, _ rules: UInt32) -> Int { min(pending, RoundSchedule.usual) }

  mutating func apply(_ records: [ChangeRecord], _ context: inout RoundContext) throws {
    if counts.isEmpty { try open(&context) }
    let vote = AnchorVote(anchors, votes: votes, path: context.path)
    var arrivals: [UInt64] = []
    for record in records {
      guard case .vector = record.feature else {
        throw CohortError.record("A grouping by anchors was given a record of another kind", sample: record.sample)
      }
      switch record.change {
      case .inserted:
        arrivals.append(record.sample.rawValue)
        context.sawInsertion(of: record.sample)
      case .deleted:
        // What came in this round has to have a group before it goes.
        try take(&arrivals, vote, &context)
        guard let (group, _) = try context.overlay.applied(record.sample) else { continue }
        guard group.rawValue < counts.count, counts[Int(group.rawValue)] > 0 else {
          throw CohortError.damagedState(
            "A sample belongs to a group that is not there", place: "sample \(record.sample), group \(group)")
        }
        counts[Int(group.rawValue)] -= 1
        try context.overlay.set(record.sample, .unassigned, 0)
        context.outcome.statistics.deleted += 1
        context.touch(group)
      case .relabelled: throw CohortError.relabelled(record.sample)
      }
    }
    try take(&arrivals, vote, &context)
  }

  private mutating func open(_ context: inout RoundContext) throws {
    born = context.start
    for _ in anchors.labels {
      let group = try context.newGroup()
      counts.append(0)
      context.outcome.events.append(GroupEvent(.born, position: context.start, child: group, count: 0))
      context.touch(group)
    }
  }

  private mutating func take(
    _ arrivals: inout [UInt64], _ vote: AnchorVote, _ context: inout RoundContext
  ) throws {
    defer { arrivals.removeAll(keepingCapacity: true) }
    let sorted = arrivals.sorted()
    for (sample, winner) in try vote.winners(of: sorted, context.features) {
      guard try context.overlay.applied(SampleID(sample)) == nil else {
        throw CohortError.record("A sample is inserted twice", sample: SampleID(sample))
      }
      guard let winner else {
        try context.overlay.set(SampleID(sample), .unassigned, 0)
        context.outcome.statistics.withoutVector += 1
        continue
      }
      let group = GroupID(UInt32(winner.label))
      counts[winner.label] += 1
      try context.overlay.set(SampleID(sample), group, Float(winner.distance))
      context.outcome.statistics.inserted += 1
      context.touch(group)
    }
    context.outcome.statistics.innerProducts += UInt64(sorted.count) * UInt64(anchors.count)
  }

  func assignProvisionally(
    _ records: [ChangeRecord], features: any SampleFeatures, path: cohort_path, workers: Int
  ) throws -> [Assignment] {
    let (arrivals, gone) = ChangeRecord.tail(records)
    let vote = AnchorVote(anchors, votes: votes, path: path)
    return try vote.winners(of: arrivals.map(\.sample.rawValue), features).map { sample, winner in
      Assignment(
        sample: SampleID(sample), group: winner.map { GroupID(UInt32($0.label)) } ?? .unassigned,
        distance: -Float(winner?.distance ?? 0))
    } + gone.map { Assignment(sample: $0, group: .unassigned, distance: -0.0) }
  }
}

extension AnchorsKind: ClusteredKind {
  func makeEngine(_ parts: EngineParts, _ options: EmbeddingOptions) throws -> any GroupingEngine {
    try AnchorGroups(self, anchors: parts.anchors, dimension: parts.dimension)
  }

  func restoreEngine(
    _ parts: EngineParts, header reader: inout ByteReader, _ records: [GroupRecord]
  ) throws -> any GroupingEngine {
    var engine = try AnchorGroups(self, anchors: parts.anchors, dimension: parts.dimension)
    try engine.restore(records)
    return engine
  }
}
