import CohortCore
import CohortPlanning
import CohortStore
import Foundation

/// A store in a folder of its own: samples of three groups that take turns, and a snapshot of them.
final class ReadingFixture {
  static let groups = 3
  static let samples: UInt64 = 31
  let store: Store
  let snapshot: SnapshotRecord
  private let folder = FileManager.default.temporaryDirectory.path + "/cohort-reading-\(UUID().uuidString)"

  init() throws {
    let store = try Store.create(at: folder, mapSize: 64 << 20)
    var batch = SampleBatch()
    for number in 0..<Self.samples {
      let content = SampleContent.encode(Self.messages(SampleID(number)))
      let start = batch.arena.count
      batch.arena += content
      batch.rows.append(
        SampleBatch.Row(
          content: start..<batch.arena.count, attributes: batch.arena.count..<batch.arena.count,
          contentHash: XXH3.hash64(content), task: nil, line: number + 1,
          lengths: SampleLengths(prompt: 1, response: 2, total: 3)))
      batch.records.append(.sample(Int(number)))
    }
    let prepared = PreparedBatch(batch)
    snapshot = try store.write { transaction in
      _ = try transaction.ingest(prepared, source: "text", origin: "memory")
      let grouping = try transaction.createGrouping(name: "g", definition: GroupingDefinition(criterion: .task))
      try transaction.commit(
        RoundCommit(
          assignments: (0..<Self.samples).map {
            Assignment(id: SampleID($0), group: GroupID(UInt32($0) % UInt32(Self.groups)))
          },
          groups: (0..<Self.groups).map { GroupRecord(id: GroupID(UInt32($0)), geometry: .label("\($0)"), born: 1) },
          engineState: [], applied: FeedPosition(sequence: transaction.counters.lastSequence.next, offset: 0),
          isProvisional: false, events: [], digest: 0), to: grouping)
      return try transaction.createSnapshot(name: "spring", groupings: ["g"])
    }
    self.store = store
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  static func messages(_ id: SampleID) -> [Message] {
    [
      Message(role: .user, text: "question \(id)"), Message(role: .assistant, text: "answer \(id)"),
      Message(role: .tool, text: "after"),
    ]
  }

  /// Makes and stores a plan over the snapshot.
  func plan(
    _ name: String = "plan", digest: Digest128? = nil, hash: Digest128? = nil, batchSize: UInt64 = 4
  ) throws -> PlanRecord {
    let grouping = snapshot.groupings[0]
    let groups = try store.read { try $0.groups(of: grouping.id, in: snapshot.id) }
    let population = Population(
      groups: groups.map {
        PopulationGroup(
          id: $0.id, size: $0.size, geometry: $0.geometry, longest: $0.longest, meanLength: $0.meanLength)
      }, digest: digest ?? grouping.digest, snapshotName: snapshot.name, storeID: store.id)
    let plan = try Plan(
      population: population, configuration: PlanConfiguration(batchSize: batchSize, seed: 5, tail: .short))
    return try store.write {
      try $0.createPlan(
        name: name, snapshot: snapshot, grouping: grouping.id, hash: hash ?? plan.hash, plan: plan.encode(),
        report: "{}")
    }
  }
}
