public import CohortCore
internal import CohortKernels
internal import CohortVectors

/// How well stored assignments agree with the groups. Everything is 0 or empty in a sound store, but `misplaced` when
/// repairs are limited in range.
public struct GroupingAudit: Hashable, Sendable {
  /// Samples that have a group, provisional ones left out.
  public var assigned: UInt64 = 0
  /// Samples whose group is not open.
  public var strays: UInt64 = 0
  /// Groups whose number of members is not what their record says.
  public var wrongCounts: [GroupID] = []
  /// Samples compared with all groups.
  public var checked: UInt64 = 0
  /// Samples of these that lie nearer to another published centroid, or outside of their interval.
  public var misplaced: UInt64 = 0
  /// Samples of these that the size bounds of a balanced grouping keep from a nearer centroid: nothing is wrong with them.
  public var bounded: UInt64 = 0
  /// Samples of these whose stored distance is not the distance to their group's published centroid.
  public var wrongDistances: UInt64 = 0

  /// Nothing checked yet.
  public init() {}

  /// Share of the checked samples that are where they belong.
  public var accuracy: Double { checked == 0 ? 1 : 1 - Double(misplaced) / Double(checked) }

  /// Share of the checked samples that are not on their nearest centroid because groups are bounded in size.
  public var boundedShare: Double { checked == 0 ? 0 : Double(bounded) / Double(checked) }
}

extension GroupingState {
  /// Compares assignments with the state: the number of members of each group, and for one in `share` samples (chosen by
  /// a hash of the id) whether the group is the right one. Labels are not looked at again.
  /// - Complexity: one scan of the assignments; N / share x groups distances.
  public func audit(
    assignments: any AssignmentTable, features: any SampleFeatures, oneIn share: UInt64 = 1
  ) throws -> GroupingAudit {
    var audit = GroupingAudit()
    var members: [UInt32: UInt64] = [:]
    var chosen: [(sample: UInt64, group: UInt32, distance: Float)] = []
    let open = Set(groups)
    func flush() throws {
      try check(chosen, features, &audit)
      chosen.removeAll(keepingCapacity: true)
    }
    try assignments.scan(0..<assignments.sampleCount) { first, groups, distances in
      for i in 0..<groups.count where groups[i] != UInt32.max && distances[i].sign == .plus {
        audit.assigned += 1
        members[groups[i], default: 0] += 1
        guard open.contains(GroupID(groups[i])) else {
          audit.strays += 1
          continue
        }
        let sample = first + UInt64(i)
        guard Mixing.finalize(sample) % max(share, 1) == 0 else { continue }
        chosen.append((sample, groups[i], distances[i]))
        if chosen.count == 4_096 { try flush() }
      }
    }
    try flush()
    audit.wrongCounts = groups.filter { members[$0.rawValue] ?? 0 != record(of: $0)?.count }
    return audit
  }

  /// Mean squared distance of the members of a group to their live mean, exact and without reading them; nil unless the
  /// grouping is by embedding. It is what the group adds to the objective of k-means, by member.
  public func meanSquaredDistance(of group: GroupID) -> Double? {
    guard let record = record(of: group), let live = record.live, record.count > 0 else { return nil }
    let norm = live.sum.reduce(0.0) {
      let value = Double($1) * 0x1p-32
      return $0 + value * value
    }
    let count = Double(record.count)
    return max(0, 1 - norm / (count * count))
  }
}

extension EmbeddingGroups {
  func check(
    _ samples: [(sample: UInt64, group: UInt32, distance: Float)], features: any SampleFeatures, path: cohort_path,
    workers: Int, _ audit: inout GroupingAudit
  ) throws {
    let work = Workspace(dimension: dimension, path: path, workers: workers)
    let columns = everyone(work, isExact: true)
    try work.compare(samples.map(\.sample), areMembers: true, with: columns, features) { lane, _ in
      for (i, sample) in lane.block.samples.enumerated() {
        guard let nearest = lane.decide(i, of: lane.block, among: columns) else { continue }
        lane.moves.append(
          Lane.Move(
            sample: sample, from: -1, to: Int32(columns.slots[nearest.column]), distance: Float(nearest.distance)))
      }
    }
    let found = work.lanes.flatMap(\.moves).sorted { $0.sample < $1.sample }
    for ((sample, group, distance), nearest) in zip(samples, found) {
      guard let slot = slot(of: GroupID(group)) else { continue }
      audit.checked += 1
      var own = nearest.distance
      if nearest.to != slot {
        let block = work.lanes[0].block
        try block.loadMembers([sample], features, path)
        // Not changed since it was made, the columns are the slots.
        own = block.pointer(0).map { Float(columns.distance($0, to: slot, path)) } ?? own
        // A balanced grouping leaves a sample among equally near groups where it is.
        if !isBalanced { audit.misplaced += 1 } else if own > nearest.distance { audit.bounded += 1 }
      }
      if own.bitPattern != distance.bitPattern { audit.wrongDistances += 1 }
    }
  }
}

extension LengthGroups {
  func check(
    _ samples: [(sample: UInt64, group: UInt32, distance: Float)], features: any SampleFeatures, path: cohort_path,
    workers: Int, _ audit: inout GroupingAudit
  ) throws {
    var length: [UInt64] = [0]
    for (sample, group, distance) in samples {
      try length.withUnsafeMutableBufferPointer { try features.readLengths(from: sample, into: $0) }
      audit.checked += 1
      if groups[IntervalCuts.interval(of: length[0], edges: edges)]?.id.rawValue != group { audit.misplaced += 1 }
      if distance.bitPattern != 0 { audit.wrongDistances += 1 }
    }
  }
}
