import CohortCore
import CohortPlanning
import CohortReading
import CohortStore
import CohortTrainer
import Foundation

/// A real store in a folder of its own: text in three task groups, a snapshot of them, and plans.
final class StoreFixture {
  static let sizes = [13, 8, 9]
  let folder: String
  private(set) var store: Store
  private(set) var snapshot: SnapshotRecord

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/cohort-trainer-\(UUID().uuidString)"
    let store = try Store.create(at: folder)
    // Tasks take turns, so that ids of a group lie apart.
    var samples: [(task: Int, number: Int)] = []
    for number in 0..<Self.sizes.reduce(0, max) {
      for task in Self.sizes.indices where number < Self.sizes[task] { samples.append((task, number)) }
    }
    let batch = PreparedBatch(Self.batch(samples))
    snapshot = try store.write { transaction in
      _ = try transaction.ingest(batch, source: "text", origin: "memory")
      let grouping = try transaction.createGrouping(name: "task", definition: GroupingDefinition(criterion: .task))
      let end = FeedPosition(sequence: transaction.counters.lastSequence.next, offset: 0)
      try transaction.commit(
        RoundCommit(
          assignments: samples.enumerated().map {
            Assignment(id: SampleID(UInt64($0.offset)), group: GroupID(UInt32($0.element.task)))
          },
          groups: Self.sizes.indices.map {
            GroupRecord(id: GroupID(UInt32($0)), geometry: .label("task \($0)"), born: 1)
          },
          engineState: [], applied: end, isProvisional: false, events: [], digest: 0),
        to: grouping)
      return try transaction.createSnapshot(name: "spring", groupings: ["task"])
    }
    self.store = store
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The text of a sample, which names it.
  static func text(task: Int, number: Int) -> (prompt: String, response: String) {
    let entry = TrainingText.instructions[task * 4 + number % 4]
    return ("\(task).\(number). \(entry.prompt)", "\(entry.response) (\(task).\(number))")
  }

  private static func batch(_ samples: [(task: Int, number: Int)]) -> SampleBatch {
    var batch = SampleBatch()
    batch.tasks = sizes.indices.map { "task \($0)" }
    for (task, number) in samples {
      let text = text(task: task, number: number)
      let content = SampleContent.encode([
        Message(role: .system, text: "Answer."), Message(role: .user, text: text.prompt),
        Message(role: .assistant, text: text.response),
      ])
      let start = batch.arena.count
      batch.arena += content
      let end = batch.arena.count
      let lengths = SampleLengths(
        prompt: UInt32(text.prompt.utf8.count), response: UInt32(text.response.utf8.count),
        total: UInt32(text.prompt.utf8.count + text.response.utf8.count))
      batch.rows.append(
        SampleBatch.Row(
          content: start..<end, attributes: end..<end, contentHash: XXH3.hash64(content), task: task,
          line: UInt64(batch.rows.count + 1), lengths: lengths))
      batch.records.append(.sample(batch.rows.count - 1))
    }
    return batch
  }

  /// Makes and stores a plan over the snapshot.
  func plan(_ name: String = "plan", seed: UInt64 = 5, digest: Digest128? = nil) throws -> PlanRecord {
    let grouping = snapshot.groupings[0]
    let groups = try store.read { try $0.groups(of: grouping.id, in: snapshot.id) }
    let population = Population(
      groups: groups.map {
        PopulationGroup(
          id: $0.id, size: $0.size, geometry: $0.geometry, longest: $0.longest, meanLength: $0.meanLength)
      }, digest: digest ?? grouping.digest, snapshotName: snapshot.name, storeID: store.id)
    let plan = try Plan(population: population, configuration: PlanConfiguration(batchSize: 4, seed: seed))
    return try store.write {
      try $0.createPlan(
        name: name, snapshot: snapshot, grouping: grouping.id, hash: plan.hash, plan: plan.encode(), report: "{}")
    }
  }

  /// All batches of some epochs.
  func batches(
    _ record: PlanRecord, share: StoreBatches.Share = .init(), prefetch: Int = 2, from start: (UInt64, UInt64) = (0, 0),
    untilEpoch end: UInt64 = 2
  ) throws -> [TrainingBatch] {
    let source = try StoreBatches(store: store, plan: record, share: share, prefetch: prefetch)
    var reader = try source.batches(from: source.plan.cursor(epoch: start.0, step: start.1), untilEpoch: end)
    var batches: [TrainingBatch] = []
    while let batch = try reader.next() { batches.append(batch) }
    return batches
  }

  /// Trains on a stored plan with checkpoints in the store.
  /// - Parameter stopAfter: the trainer dies after this many steps of this session.
  func train(
    _ record: PlanRecord, every: UInt64 = 3, epochs: UInt64 = 2, resume: Bool = false, stopAfter: Int = .max,
    share: StoreBatches.Share = .init(), prefetch: Int = 2, run: String = "run"
  ) throws -> TrainingResult {
    let source = try StoreBatches(store: store, plan: record, share: share, prefetch: prefetch)
    let keeper = try StoreCheckpoints(store: store, run: run, plan: record)
    var session = try TrainingSession(
      plan: source.plan, learner: TrainingFixture.learner(), epochs: epochs, checkpointEvery: every)
    var steps = 0
    return try session.run(batches: source, checkpoints: keeper, resume: resume, now: { .zero }) { _ in
      steps += 1
      if steps > stopAfter { throw Killed() }
      return .proceed
    }
  }
}
