import CohortCore
import CohortPlanning
import CohortStore
import CohortTesting

/// A store in a folder of its own: samples of three groups that take turns, and a snapshot of them.
final class ReadingFixture {
  static let groups = 3
  static let samples: UInt64 = 31
  private let grouped: GroupedStore

  var store: Store { grouped.store }
  var snapshot: SnapshotRecord { grouped.snapshot }

  init() throws {
    var builder = SampleBatchBuilder()
    for number in 0..<Self.samples {
      builder.add(Self.messages(SampleID(number)), lengths: SampleLengths(prompt: 1, response: 2, total: 3))
    }
    grouped = try GroupedStore(
      builder.prepared, grouping: "g", groups: (0..<Int(Self.samples)).map { $0 % Self.groups },
      labels: (0..<Self.groups).map { "\($0)" }, mapSize: 64 << 20)
  }

  static func messages(_ id: SampleID) -> [Message] {
    [
      Message(role: .user, text: "question \(id)"), Message(role: .assistant, text: "answer \(id)"),
      Message(role: .tool, text: "after"),
    ]
  }

  /// Makes and stores a plan over the snapshot.
  func plan(
    _ name: String = "plan", digest: Digest128? = nil, hash: Digest128? = nil, batchSize: UInt64 = 4,
    kind: PlanConfiguration.EpochKind = .grouped
  ) throws -> PlanRecord {
    try grouped.plan(
      name,
      PlanConfiguration(batchSize: batchSize, seed: 5, tail: .short, phases: [.init(epochs: 1, kind: kind)]),
      digest: digest, hash: hash)
  }
}
