import CohortClustering
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// What a replay says of rounds that other versions of the program made.
@Suite struct RulesReplayTests {
  private static let data = Checkout.quickstartData

  /// A store with vectors and a grouping of them to which nothing was applied.
  private static func prepared(_ path: String) throws -> Store {
    let store = try Store.create(at: path)
    var request = IngestRequest(paths: [data + "/gsm8k"])
    request.embeddings = data + "/gsm8k.npy"
    try #require(try IngestJob.run(store, request).failures.isEmpty)
    _ = try store.write { transaction in
      let space = try #require(try transaction.reading.spaces().first).name
      return try transaction.createGrouping(
        name: "topics", definition: GroupingDefinition(criterion: .embedding(space: space), granularity: .groups(9)))
    }
    return store
  }

  private static func firstRound(_ store: Store) throws -> LogSequence? {
    var found: LogSequence?
    try store.read { transaction in
      try transaction.forEachEntry(from: LogSequence(1)) { entry in
        if entry.event is LogEvent.Round { found = entry.sequence }
        return found == nil
      }
    }
    return found
  }

  /// Older rounds are no damage, and neither are those of a newer program; newer ones may follow them.
  @Test(arguments: [GroupingState.unnotedRulesVersion, GroupingState.rulesVersion + 1])
  func roundsOfOtherRulesAreAnObstacleAndNoDifference(old: UInt32) throws {
    let folder = try TemporaryFolder()
    let store = try Self.prepared(folder.file("store"))
    let follower = try GroupingFollower(store, grouping: "topics")
    follower.rules = old
    _ = try follower.update()
    func check() throws {
      let report = try ReplayJob.run(store, grouping: "topics")
      #expect(report.difference == nil)
      let obstacle = try #require(report.obstacle)
      #expect(obstacle.contains("entry \(try #require(try Self.firstRound(store)))"), "\(obstacle)")
      #expect(obstacle.contains("version \(old) "), "\(obstacle)")
      #expect(obstacle.contains("version \(GroupingState.rulesVersion)"), "\(obstacle)")
    }
    try check()
    _ = try DeletionJob.run(store, (0..<300).map { SampleID(UInt64($0 * 2)) }, reason: "test")
    _ = try Pending.group(store)
    try check()
    let header = try store.read { try EmbeddingHeader(in: #require(try $0.grouping(named: "topics")).engineState) }
    #expect(header?.rules == GroupingState.rulesVersion)
  }

  /// Rounds of a version that the program still knows are made again, and the grouping goes on by it.
  @Test func roundsOfAKnownOlderVersionAreReplayedAndFollowed() throws {
    let folder = try TemporaryFolder()
    let store = try Self.prepared(folder.file("store"))
    let old = GroupingState.knownRules.lowerBound
    try #require(old < GroupingState.rulesVersion)
    let follower = try GroupingFollower(store, grouping: "topics")
    follower.rules = old
    _ = try follower.update()
    _ = try DeletionJob.run(store, (0..<300).map { SampleID(UInt64($0 * 2)) }, reason: "test")
    _ = try Pending.group(store)
    let report = try ReplayJob.run(store, grouping: "topics")
    #expect(report.isSame && report.rounds > 1, "\(report.difference?.what ?? report.obstacle ?? "")")
    let header = try store.read { try EmbeddingHeader(in: #require(try $0.grouping(named: "topics")).engineState) }
    #expect(header?.rules == old)
  }

  /// A change of rules in the middle: the rounds before it are made again, the first one after it is named.
  @Test func theReplayNamesTheEntryWithWhichOtherRulesBegin() throws {
    let folder = try TemporaryFolder()
    let store = try Self.prepared(folder.file("store"))
    _ = try Pending.group(store)
    #expect(try ReplayJob.run(store, grouping: "topics").isSame)
    let last = try store.read { try $0.counters.lastSequence }
    _ = try DeletionJob.run(store, (0..<300).map { SampleID(UInt64($0 * 2)) }, reason: "test")
    let follower = try GroupingFollower(store, grouping: "topics")
    follower.rules = GroupingState.rulesVersion + 1
    _ = try follower.update()
    let report = try ReplayJob.run(store, grouping: "topics")
    #expect(report.difference == nil && report.rounds > 0)
    #expect(report.obstacle?.contains("entry \(last.next.next)") == true, "\(report.obstacle ?? "")")
  }

  /// With other options the rounds would be others, so a header that cannot be read is damage, named with its grouping.
  @Test func aDamagedHeaderIsNotReplayedWithOtherOptions() throws {
    let folder = try TemporaryFolder()
    let store = try Self.prepared(folder.file("store"))
    _ = try store.write { try $0.createGrouping(name: "tasks", definition: GroupingDefinition(criterion: .task)) }
    _ = try Pending.group(store)
    let record = try store.read { try #require(try $0.grouping(named: "topics")) }
    var header = record.engineState
    header[0] = 9
    let round = RoundCommit(
      assignments: [], groups: [], engineState: header, applied: record.applied, isProvisional: false, events: [],
      digest: 0)
    try store.write { _ = try $0.commit(round, to: record) }
    let report = try ReplayJob.run(store, grouping: "topics")
    let what = try #require(report.difference?.what)
    #expect(report.rounds == 0 && report.difference?.sequence == record.created)
    #expect(what.contains("\"topics\"") && what.contains("layout version 9") && what.contains("create it again"))
    #expect(try ReplayJob.run(store, grouping: "tasks").isSame)
    // Whoever goes on with it hears the same, and the other groupings are kept up to date.
    _ = try DeletionJob.run(store, [SampleID(3)], reason: "test")
    let error = #expect(throws: CohortError.self) { try Pending.group(store) }
    #expect(error?.code.name == "clustering.damaged-state" && error?.place == "grouping \"topics\"")
    #expect(throws: CohortError.self) {
      try store.read { try GroupListing.guardRatio(of: #require(try $0.grouping(named: "topics"))) }
    }
    let end = try store.read { try $0.counters.lastSequence }
    let tasks = try store.read { try #require(try $0.grouping(named: "tasks")) }
    #expect(tasks.applied.sequence >= record.applied.sequence && tasks.applied.sequence <= end.next)
    #expect(try ReplayJob.run(store, grouping: "tasks").isSame)
  }

  /// A pass that changes nothing is not stored, so it notes nothing either.
  @Test func anIdlePassNotesNothing() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"))
    let lines = (0..<40).map { #"{"prompt":"\#($0)","completion":"1"}"# }
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder.file("r.jsonl")))
    try folder.write("v.npy", NPYFile.floats([[Float]](repeating: [3, 4], count: 40)))
    _ = try IngestJob.run(
      store, IngestRequest(paths: [folder.file("r.jsonl")], embeddings: folder.file("v.npy"), space: "v"))
    let definition = GroupingDefinition(criterion: .embedding(space: "v"))
    _ = try store.write { try $0.createGrouping(name: "topics", definition: definition) }
    let follower = try GroupingFollower(store, grouping: "topics")
    follower.rules = GroupingState.unnotedRulesVersion
    #expect(try follower.update().provisional == 0)
    let before = try store.read { try ($0.counters.lastSequence, $0.grouping(named: "topics")) }
    let report = try RefineJob.run(store, grouping: "topics")
    #expect(report.passes == 0 && report.isSettled)
    let after = try store.read { try ($0.counters.lastSequence, $0.grouping(named: "topics")) }
    #expect(before.0 == after.0 && before.1 == after.1)
  }
}
