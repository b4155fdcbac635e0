import CohortClustering
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Groupings follow corrected labels, whenever they are updated, and can be made again from the log.
@Suite struct RelabelTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"), configuration: StoreConfiguration(dedupe: .store))
  }

  private func create(_ name: String, _ definition: GroupingDefinition) throws {
    _ = try store.write { try $0.createGrouping(name: name, definition: definition) }
  }

  private func ingest(
    _ rows: [(number: Int, task: String?, level: Int?)], updating: Bool
  ) throws -> IngestReport {
    let lines = rows.map { row in
      let task = row.task.map { #","kind":"\#($0)""# } ?? ""
      let level = row.level.map { #","level":\#($0)"# } ?? ""
      let response = String(repeating: "w", count: 1 + row.number % 40)
      return #"{"prompt":"q\#(row.number)","completion":"\#(response)"\#(task)\#(level)}"#
    }
    let path = folder.file("rows.jsonl")
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
    var request = IngestRequest(paths: [path])
    request.options.task = .field("kind")
    request.options.sourceName = "rows"
    request.updatesLabels = updating
    return try IngestJob.run(store, request)
  }

  private func update(_ names: [String]) throws {
    for name in names { _ = try UpdateJob.follower(of: name, in: store).update(JobControl()) }
  }

  /// The label of each live sample's group.
  private func labels(_ name: String) throws -> [SampleID: String] {
    try store.read { transaction in
      let grouping = try transaction.existingGrouping(name)
      var labels: [SampleID: String] = [:]
      for number in 0..<(try transaction.counters.nextSample) {
        let id = SampleID(number)
        guard try !transaction.isDeleted(id) else { continue }
        let group = GroupID(try transaction.uint32(grouping.groupColumn, id))
        guard case .label(let label) = try transaction.group(group, in: grouping.id)?.geometry else { continue }
        labels[id] = label
      }
      return labels
    }
  }

  private func expectRight(_ names: [String], _ place: String) throws {
    let report = try store.verify()
    #expect(report.isSound, "\(place): \(report.problems.prefix(3))")
    for name in names {
      let replay = try ReplayJob.run(store, grouping: name)
      #expect(replay.difference == nil && replay.obstacle == nil, "\(place), \(name): \(replay)")
    }
  }

  private func digest(_ name: String) throws -> UInt64 { try UpdateJob.follower(of: name, in: store).digest }

  @Test func groupsFollowAndLengthsStay() throws {
    try create("tasks", GroupingDefinition(criterion: .task))
    try create("levels", GroupingDefinition(criterion: .attribute("level")))
    try create("lengths", GroupingDefinition(criterion: .length(.response, .given([5]))))
    _ = try ingest([(1, "a", 1), (2, "a", 1), (3, "b", 2)], updating: false)
    let all = ["tasks", "levels", "lengths"]
    try update(all)
    let lengths = try digest("lengths")
    #expect(try ingest([(1, "c", 2), (3, "b", 1)], updating: true).updated == 2)
    try update(all)
    #expect(try labels("tasks").map { "\($0.key)\($0.value)" }.sorted() == ["0c", "1a", "2b"])
    #expect(try labels("levels").map { "\($0.key)=\($0.value)" }.sorted() == ["0=2", "1=1", "2=1"])
    #expect(try digest("lengths") == lengths)
    // A group that lost its last member is closed; one that a sample is confirmed in is not.
    let open = try store.read { transaction in
      try transaction.groups(of: transaction.existingGrouping("tasks").id).filter(\.isOpen).map(\.id.rawValue)
    }
    #expect(open == [0, 1, 2])
    try expectRight(all, "after")
  }

  /// Groupings that were updated after each step, at the end only, or created at the end, hold the same.
  @Test(arguments: Torture.cases(Array(1...6), tortured: Array(1...400)))
  func laggingGroupingsAgreeWithPromptOnes(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let kinds: [(String, GroupingDefinition)] = [
      ("tasks", GroupingDefinition(criterion: .task)),
      ("levels", GroupingDefinition(criterion: .attribute("level"))),
    ]
    for (name, definition) in kinds {
      for when in ["prompt", "lagging", "last"] { try create("\(name)-\(when)", definition) }
    }
    try create("lengths", GroupingDefinition(criterion: .length(.response, .quantiles(3))))
    _ = try ProductJob.create(store, name: "both", factors: "tasks-prompt*levels-prompt", minimum: 4)
    let prompt = ["tasks-prompt", "levels-prompt", "lengths", "both"]
    let tasks = [nil, "a", "b", "c", "d"]
    for step in 0..<25 {
      let rows = (0..<Int.random(in: 1...30, using: &random)).map { _ in
        (
          number: Int.random(in: 0..<60, using: &random), task: tasks.randomElement(using: &random) ?? nil,
          level: Bool.random(using: &random) ? Int.random(in: 0..<4, using: &random) : nil
        )
      }
      _ = try ingest(rows, updating: Bool.random(using: &random))
      if Bool.random(using: &random) { try update(prompt) }
      if step % 8 == 7 { try update(["tasks-lagging", "levels-lagging"]) }
      if Int.random(in: 0..<3, using: &random) == 0 {
        let next = try store.read { try $0.counters.nextSample }
        let ids = (0..<3).map { _ in SampleID(UInt64.random(in: 0..<next, using: &random)) }
        _ = try DeletionJob.run(store, ids, reason: "test")
      }
    }
    // These were created late, and see nothing of what deleted samples were.
    for (name, definition) in kinds { try create("\(name)-late", definition) }
    let all = prompt + kinds.flatMap { kind in ["lagging", "last", "late"].map { "\(kind.0)-\($0)" } }
    try update(all)
    for (name, _) in kinds {
      for when in ["lagging", "last"] {
        #expect(try digest("\(name)-\(when)") == digest("\(name)-prompt"), "seed \(seed), \(name)-\(when)")
      }
      #expect(try labels("\(name)-late") == labels("\(name)-prompt"), "seed \(seed), \(name)")
    }
    let expected = try store.read { transaction in
      var labels: [SampleID: String] = [:]
      for number in 0..<(try transaction.counters.nextSample) {
        guard let now = try transaction.labels(of: SampleID(number)) else { continue }
        labels[SampleID(number)] = try transaction.task(now.task)?.name ?? ""
      }
      return labels
    }
    #expect(try labels("tasks-prompt") == expected, "seed \(seed)")
    try expectRight(all, "seed \(seed)")
  }

  /// The groups that a sample was in before its labels changed are known when its attributes are gone.
  @Test func aDeletedSampleIsReplayed() throws {
    try create("levels", GroupingDefinition(criterion: .attribute("level")))
    _ = try ingest([(1, "a", 1), (2, "a", 1)], updating: false)
    try update(["levels"])
    for level in [2, 3, 1] {
      _ = try ingest([(1, "a", level)], updating: true)
      if level != 3 { try update(["levels"]) }
    }
    _ = try ingest([(1, "b", 1)], updating: true)
    _ = try DeletionJob.run(store, [SampleID(0)], reason: "asked for")
    try update(["levels"])
    try expectRight(["levels"], "updated before it was deleted")
  }

  /// Deleted behind the back of a grouping that lags: what it saw is what it says.
  @Test func aSampleThatIsDeletedUnseenIsReplayed() throws {
    try create("levels", GroupingDefinition(criterion: .attribute("level")))
    _ = try ingest([(1, "a", 1), (2, "a", 1)], updating: false)
    try update(["levels"])
    _ = try ingest([(1, "a", 2)], updating: true)
    _ = try store.write { try $0.delete([SampleID(0)], reason: "") }
    try update(["levels"])
    #expect(try labels("levels") == [SampleID(1): "1"])
    try expectRight(["levels"], "deleted unseen")
  }

  /// A round that is written in slices notes the groups, too.
  @Test func aRoundInSlicesIsReplayed() throws {
    try create("levels", GroupingDefinition(criterion: .attribute("level")))
    _ = try ingest((0..<9_000).map { ($0, "a", $0 % 3) }, updating: false)
    var control = JobControl()
    control.limits.chunks = 0
    control.limits.sliceRows = 2_000
    let follower = try GroupingFollower(store, grouping: "levels")
    _ = try follower.update(control)
    #expect(try ingest((0..<9_000).map { ($0, "a", ($0 + 1) % 3) }, updating: true).updated == 9_000)
    _ = try follower.update(control)
    _ = try store.write { try $0.delete((0..<10).map { SampleID($0) }, reason: "") }
    _ = try follower.update(control)
    try expectRight(["levels"], "in slices")
  }

  @Test func aStoreThatKeepsEveryRecordHasNothingToUpdate() throws {
    var request = IngestRequest(paths: [])
    request.dedupe = DedupeScope.none
    request.updatesLabels = true
    let error = #expect(throws: CohortError.self) { try IngestJob.run(store, request) }
    #expect(error?.code.name == "pipeline.no-label-updates")
  }
}
