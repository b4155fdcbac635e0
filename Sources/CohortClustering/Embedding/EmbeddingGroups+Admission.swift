internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// Step 1: samples that came go to their nearest published centroid; samples that went leave sum and count.
extension EmbeddingGroups {
  mutating func admit(_ records: [ChangeRecord], _ context: inout RoundContext, _ work: Workspace) throws {
    let (arrivals, departures) = try Self.net(records, &context)
    try subtract(departures, &context, work)
    if ids.isEmpty { try openFirst(arrivals, &context, work) }
    try take(arrivals, &context, work)
  }

  /// Samples that are there after the round and were not before, and the other way round; both ascending.
  private static func net(
    _ records: [ChangeRecord], _ context: inout RoundContext
  ) throws -> (arrivals: [UInt64], departures: [UInt64]) {
    var arrivals: Set<UInt64> = []
    var departures: Set<UInt64> = []
    for record in records {
      guard case .vector = record.feature else {
        throw CohortError.record(
          "A grouping by embedding was given a record of another kind", sample: record.sample)
      }
      let id = record.sample.rawValue
      switch record.change {
      case .inserted:
        guard arrivals.insert(id).inserted else {
          throw CohortError.record("A sample is inserted twice", sample: record.sample)
        }
        context.sawInsertion(of: record.sample)
      case .deleted:
        if arrivals.remove(id) == nil {
          departures.insert(id)
        } else {
          try context.overlay.set(record.sample, .unassigned, 0)
        }
      case .relabelled: throw CohortError.relabelled(record.sample)
      }
    }
    return (arrivals.sorted(), departures.sorted())
  }

  private mutating func subtract(
    _ departures: [UInt64], _ context: inout RoundContext, _ work: Workspace
  ) throws {
    var members: [UInt64] = []
    var slots: [Int32] = []
    for id in departures {
      guard let (group, _) = try context.overlay.applied(SampleID(id)) else { continue }
      guard let slot = slot(of: group) else {
        throw CohortError.damagedState(
          "A sample belongs to a group that is not there", place: "sample \(id), group \(group)")
      }
      members.append(id)
      slots.append(Int32(slot))
    }
    let (origins, path) = (slots, work.path)
    let nothing = ColumnSet(dimension: dimension, capacity: 0)
    try work.compare(members, areMembers: true, with: nothing, context.features) { lane, start in
      for (i, sample) in lane.block.samples.enumerated() {
        guard let row = lane.block.pointer(i) else { continue }
        lane.sums.subtract(row, from: Int(origins[start + i]), path)
        lane.moves.append(Lane.Move(sample: sample, from: origins[start + i], to: -1, distance: 0))
        lane.statistics.deleted += 1
      }
    }
    try collect(&context, work)
  }

  /// The first vector is the first centroid; republication moves it to the mean at the end of the round.
  private mutating func openFirst(
    _ arrivals: [UInt64], _ context: inout RoundContext, _ work: Workspace
  ) throws {
    let block = work.lanes[0].block
    for start in stride(from: 0, to: arrivals.count, by: block.capacity) {
      try block.load(
        Array(arrivals[start..<min(start + block.capacity, arrivals.count)]), context.features, work.path)
      guard let first = (0..<block.count).first(where: { block.isPresent($0) }) else { continue }
      let id = try open(block.values(first), parent: nil, &context, work)
      context.outcome.events.append(GroupEvent(.born, position: context.outcome.position, child: id, count: 1))
      return
    }
  }

  private mutating func take(_ arrivals: [UInt64], _ context: inout RoundContext, _ work: Workspace) throws {
    for id in arrivals {
      guard try context.overlay.applied(SampleID(id)) == nil else {
        throw CohortError.record("A sample is inserted twice", sample: SampleID(id))
      }
    }
    let columns = everyone(work)
    let path = work.path
    try work.compare(arrivals, areMembers: false, with: columns, context.features) { lane, _ in
      for (i, sample) in lane.block.samples.enumerated() {
        guard lane.block.isPresent(i), let row = lane.block.pointer(i),
          let nearest = lane.decide(i, of: lane.block, among: columns)
        else {
          lane.moves.append(Lane.Move(sample: sample, from: -1, to: -1, distance: 0))
          lane.statistics.withoutVector += 1
          continue
        }
        let slot = columns.slots[nearest.column]
        lane.sums.add(row, to: slot, path)
        lane.moves.append(
          Lane.Move(sample: sample, from: -1, to: Int32(slot), distance: Float(nearest.distance)))
        lane.statistics.inserted += 1
      }
    }
    try collect(&context, work)
  }

  func assignProvisionally(
    _ records: [ChangeRecord], features: any SampleFeatures, path: cohort_path, workers: Int
  ) throws -> [Assignment] {
    let (arrivals, gone) = ChangeRecord.tail(records)
    let work = Workspace(dimension: dimension, path: path, workers: workers)
    let columns = everyone(work)
    try work.compare(arrivals.map(\.sample.rawValue), areMembers: false, with: columns, features) { lane, _ in
      for (i, sample) in lane.block.samples.enumerated() {
        let nearest = lane.block.isPresent(i) ? lane.decide(i, of: lane.block, among: columns) : nil
        lane.moves.append(
          Lane.Move(
            sample: sample, from: -1, to: nearest.map { Int32(columns.slots[$0.column]) } ?? -1,
            distance: -Float(nearest?.distance ?? 0)))
      }
    }
    let moves = work.lanes.flatMap(\.moves).sorted { $0.sample < $1.sample }
    return gone.map { Assignment(sample: $0, group: .unassigned, distance: -0.0) }
      + moves.map {
        Assignment(
          sample: SampleID($0.sample), group: $0.to < 0 ? .unassigned : ids[Int($0.to)], distance: $0.distance)
      }
  }
}
