import CohortCore
import CohortPlanning
import CohortReading
import CohortStore
import CohortTesting
import CohortTrainer

/// A real store in a folder of its own: text in three task groups, a snapshot of them, and plans.
final class StoreFixture {
  static let sizes = [13, 8, 9]
  private let grouped: GroupedStore

  var folder: String { grouped.path }
  var store: Store { grouped.store }
  var snapshot: SnapshotRecord { grouped.snapshot }

  init() throws {
    // Tasks take turns, so that ids of a group lie apart.
    var samples: [(task: Int, number: Int)] = []
    for number in 0..<Self.sizes.reduce(0, max) {
      for task in Self.sizes.indices where number < Self.sizes[task] { samples.append((task, number)) }
    }
    var builder = SampleBatchBuilder()
    for (task, number) in samples {
      let text = Self.text(task: task, number: number)
      builder.add(
        [
          Message(role: .system, text: "Answer."), Message(role: .user, text: text.prompt),
          Message(role: .assistant, text: text.response),
        ],
        lengths: SampleLengths(
          prompt: UInt32(text.prompt.utf8.count), response: UInt32(text.response.utf8.count),
          total: UInt32(text.prompt.utf8.count + text.response.utf8.count)), task: "task \(task)")
    }
    grouped = try GroupedStore(
      builder.prepared, grouping: "task", groups: samples.map(\.task), labels: Self.sizes.indices.map { "task \($0)" })
  }

  /// The text of a sample, which names it.
  static func text(task: Int, number: Int) -> (prompt: String, response: String) {
    let entry = TrainingText.instructions[task * 4 + number % 4]
    return ("\(task).\(number). \(entry.prompt)", "\(entry.response) (\(task).\(number))")
  }

  /// Makes and stores a plan over the snapshot.
  func plan(_ name: String = "plan", seed: UInt64 = 5, digest: Digest128? = nil) throws -> PlanRecord {
    try grouped.plan(name, PlanConfiguration(batchSize: 4, seed: seed), digest: digest)
  }

  /// All batches of some epochs.
  func batches(
    _ record: PlanRecord, share: StepShare = .init(), prefetch: Int = 2, from start: (UInt64, UInt64) = (0, 0),
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
    share: StepShare = .init(), prefetch: Int = 2, run: String = "run"
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
