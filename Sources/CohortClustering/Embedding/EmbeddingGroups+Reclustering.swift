internal import CohortVectors
internal import CohortCore
internal import CohortKernels

/// Starting over from the centroids of a shadow clustering, without losing what ids mean.
extension EmbeddingGroups {
  /// Rounding of normalised vectors: no squared distance below this says anything.
  static let leastDistance = 1e-9

  mutating func recluster(
    from shadow: ShadowClustering, _ context: inout RoundContext, _ work: Workspace
  ) throws {
    let position = context.outcome.position
    let before = summedError(work.path)
    let at = context.outcome.events.count
    context.outcome.events.append(GroupEvent(.reclustered, position: position, count: total))
    let overlaps = try overlaps(with: shadow, &context, work)
    let match = GroupMatch(overlaps)
    let old = ids

    // Kept ids first, while slots are what they were; new groups are appended.
    var groupOfColumn: [Int: GroupID] = [:]
    for (slot, column) in match.kept.sorted(by: { $0.key < $1.key }) {
      groupOfColumn[column] = old[slot]
      publish(shadow.centroids[(column * dimension)..<((column + 1) * dimension)], at: slot, work)
      gains[slot] = nil
      context.touch(old[slot])
      context.outcome.statistics.republished += 1
      context.outcome.events.append(
        GroupEvent(.republished, position: position, child: old[slot], count: counts[slot]))
    }
    for (column, parentSlot) in match.parents.sorted(by: { $0.key < $1.key }) {
      let parent = old[parentSlot]
      let centroid = shadow.centroids[(column * dimension)..<((column + 1) * dimension)]
      let child = try open(centroid, parent: parent, &context, work)
      groupOfColumn[column] = child
      context.outcome.statistics.splits += 1
      context.outcome.events.append(
        GroupEvent(.split, position: position, parent: parent, child: child, count: counts[parentSlot]))
    }
    var closed: [GroupID] = []
    for slot in old.indices.reversed() where match.kept[slot] == nil {
      let heir = match.heirs[slot].flatMap { groupOfColumn[$0] }
      context.outcome.statistics.merges += 1
      context.outcome.events.append(
        GroupEvent(.merged, position: position, parent: heir ?? .unassigned, child: old[slot], count: counts[slot]))
      closed.append(old[slot])
      close(slot, heir: heir, &context, work)
    }
    work.everyone = nil
    try repair(orphans: closed, &context, work)
    context.outcome.events[at].gain = before - summedError(work.path)
  }

  /// How many members of each group are nearest to each centroid of the shadow, for pairs with any; in no order.
  private func overlaps(
    with shadow: ShadowClustering, _ context: inout RoundContext, _ work: Workspace
  ) throws -> [GroupMatch.Overlap] {
    let columns = shadow.columns()
    var members: [UInt64: UInt64] = [:]
    let end = min(context.frontier, context.overlay.table.sampleCount)
    for start in stride(from: 0, to: end, by: 65_536) {
      var samples: [UInt64] = []
      var slots: [Int] = []
      try context.overlay.scan(start..<min(start + 65_536, end)) { first, groups, distances in
        for i in 0..<groups.count where groups[i] != UInt32.max && distances[i].sign == .plus {
          guard let slot = slot(of: GroupID(groups[i])) else { continue }
          samples.append(first + UInt64(i))
          slots.append(slot)
        }
      }
      for (slot, nearest) in zip(slots, try work.nearest(columns, to: samples, &context)) {
        members[UInt64(slot) << 32 | UInt64(nearest.to), default: 0] += 1
      }
    }
    return members.map { GroupMatch.Overlap(slot: Int($0 >> 32), column: Int($0 & 0xffff_ffff), members: $1) }
  }
}
