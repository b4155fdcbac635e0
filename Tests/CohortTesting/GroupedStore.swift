package import CohortCore
package import CohortPlanning
package import CohortStore

/// A store in a folder of its own, whose samples are in groups, with the snapshot "spring" of them.
package final class GroupedStore {
  package let store: Store
  package let snapshot: SnapshotRecord
  private let folder: TemporaryFolder

  package var path: String { folder.path }

  /// - Parameters:
  ///   - groups: the group of each sample of the batch, as an index into `labels`.
  package init(
    _ batch: PreparedBatch, grouping name: String, groups: [Int], labels: [String], mapSize: UInt64? = nil
  ) throws {
    folder = try TemporaryFolder()
    let store =
      try mapSize.map { [folder] in try Store.create(at: folder.path, mapSize: $0) }
      ?? Store.create(at: folder.path)
    snapshot = try store.write { transaction in
      _ = try transaction.ingest(batch, source: "text", origin: "memory")
      let grouping = try transaction.createGrouping(name: name, definition: GroupingDefinition(criterion: .task))
      try transaction.commit(
        RoundCommit(
          assignments: groups.enumerated().map {
            Assignment(id: SampleID(UInt64($0.offset)), group: GroupID(UInt32($0.element)))
          },
          groups: labels.enumerated().map {
            GroupRecord(id: GroupID(UInt32($0.offset)), geometry: .label($0.element), born: 1)
          },
          engineState: [], applied: FeedPosition(sequence: transaction.counters.lastSequence.next, offset: 0),
          isProvisional: false, events: [], digest: 0),
        to: grouping)
      return try transaction.createSnapshot(name: "spring", groupings: [name])
    }
    self.store = store
  }

  /// Makes and stores a plan over the snapshot; with another digest of its population, or another hash, one that is false.
  package func plan(
    _ name: String, _ configuration: PlanConfiguration, digest: Digest128? = nil, hash: Digest128? = nil
  ) throws -> PlanRecord {
    let grouping = snapshot.groupings[0]
    let groups = try store.read { try $0.groups(of: grouping.id, in: snapshot.id) }
    let population = Population(
      groups: groups.map {
        PopulationGroup(
          id: $0.id, size: $0.size, geometry: $0.geometry, longest: $0.longest, meanLength: $0.meanLength)
      }, digest: digest ?? grouping.digest, snapshotName: snapshot.name, storeID: store.id)
    let plan = try Plan(population: population, configuration: configuration)
    return try store.write {
      try $0.createPlan(
        name: name, snapshot: snapshot, grouping: grouping.id, hash: hash ?? plan.hash, plan: plan.encode(),
        report: "{}")
    }
  }
}
