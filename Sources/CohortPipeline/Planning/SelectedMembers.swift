internal import CohortCore
internal import CohortPlanning
internal import CohortStore

/// What a plan over a selection is made from: the groups of a snapshot's grouping, cut to the samples of the selection.
struct SelectedMembers {
  let selection: SelectionRecord
  /// Sorted by group and id: what the plan's positions count.
  let ids: [UInt64]
  let digest: Digest128
  private let snapshotName: String
  private let groups: [PopulationGroup]

  /// - Parameter areMembersAsked: whether it is to be known which member of a group is the longest.
  /// - Throws: `store.unknown-selection`; `pipeline.not-in-snapshot` for a selection of another snapshot;
  ///   `pipeline.not-measured`.
  /// - Complexity: O(ids of the store) time and memory, 4 bytes each; a look-up for each sample of the selection.
  init(
    _ name: String, by grouping: SnapshotGrouping, in snapshot: SnapshotRecord, _ lengths: TotalLengths,
    _ areMembersAsked: Bool, _ transaction: borrowing ReadTransaction
  ) throws {
    let selection = try transaction.existingSelection(name)
    guard selection.snapshot == snapshot.id else {
      throw CohortError(
        .pipelineNotInSnapshot, "Selection \"\(name)\" is not one of snapshot \"\(snapshot.name)\"",
        hint: "Leave the snapshot out, or name a selection of it: cohort selection list")
    }
    let labels = try SnapshotLabels(grouping, in: snapshot, transaction)
    var members: [(group: UInt32, id: UInt64)] = []
    for id in try transaction.ids(of: selection) {
      let group = id.rawValue < UInt64(labels.byID.count) ? labels.byID[Int(id.rawValue)] : SnapshotLabels.none
      guard group != SnapshotLabels.none else {
        throw CohortError(
          .pipelineNotInSnapshot, category: .corruption, "A sample of the selection is not in its snapshot",
          place: "sample \(id)")
      }
      members.append((group, id.rawValue))
    }
    members.sort { $0.group != $1.group ? $0.group < $1.group : $0.id < $1.id }
    var groups: [PopulationGroup] = []
    var sums: [UInt64] = []
    var last: UInt32?
    for member in members {
      if member.group != last {
        let group = labels.groups[Int(member.group)]
        groups.append(PopulationGroup(id: group.id, size: 0, geometry: group.geometry, longest: 0, meanLength: 0))
        sums.append(0)
        last = member.group
      }
      let (place, length) = (groups.count - 1, try lengths.length(of: SampleID(member.id), transaction))
      if groups[place].size == 0 || length > groups[place].longest {
        groups[place].longest = length
        if areMembersAsked { groups[place].longestMember = groups[place].size }
      }
      groups[place].size += 1
      sums[place] += UInt64(length)
    }
    for place in groups.indices { groups[place].meanLength = Double(sums[place]) / Double(groups[place].size) }
    self.selection = selection
    (self.groups, ids, snapshotName) = (groups, members.map(\.id), snapshot.name)
    digest = PlanMembers.digest(groups: groups.map { ($0.id, $0.size) }, ids: members.map(\.id))
  }

  func population(storeID: Digest128) -> Population {
    Population(groups: groups, digest: digest, snapshotName: snapshotName, storeID: storeID)
  }

  func report(
    _ plan: Plan, _ lengths: TotalLengths, _ unit: LengthUnit, _ parts: PlanParts,
    _ transaction: borrowing ReadTransaction
  ) throws -> PlanReport {
    var byPosition: [UInt32] = []
    byPosition.reserveCapacity(ids.count)
    for id in ids { byPosition.append(try lengths.length(of: SampleID(id), transaction)) }
    return try plan.report(
      maximumSteps: PlanJob.measuredSteps, measure: lengths.name, unit: unit, parts: parts
    ) { byPosition[Int($0)] }
  }
}
