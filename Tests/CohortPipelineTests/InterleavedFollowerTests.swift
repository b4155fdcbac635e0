import CohortActions
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Synchronization
import Testing

/// Followers of groupings whose transactions have those of others between them: no round is applied twice, none to a state
/// that it was not made of, and what was made can be made again from the log.
@Suite struct InterleavedFollowerTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"), configuration: StoreConfiguration(dedupe: .store))
  }

  private func ingest(_ range: Range<Int>, task: String = "t", updating: Bool = false) throws {
    var builder = SampleBatchBuilder()
    for number in range {
      builder.add(
        prompt: "q\(number)", response: String(repeating: "r", count: 1 + number % 40), task: "\(task)\(number % 7)",
        attributes: #"{"level":\#(number % 5)}"#)
    }
    let prepared = builder.prepared
    _ = try store.write {
      try $0.ingest(prepared, source: "rows", origin: "memory", updatesLabels: updating)
    }
  }

  private func create(_ name: String, _ definition: GroupingDefinition) throws {
    _ = try store.write { try $0.createGrouping(name: name, definition: definition) }
  }

  private func createAll() throws {
    try create("tasks", GroupingDefinition(criterion: .task))
    try create("levels", GroupingDefinition(criterion: .attribute("level")))
    try create("sizes", GroupingDefinition(criterion: .length(.response, .quantiles(4))))
    _ = try ProductJob.create(store, name: "both", factors: "tasks*levels", minimum: 4)
  }

  private static let all = ["tasks", "levels", "sizes", "both"]

  private func follower(_ name: String) throws -> any Follower { try UpdateJob.follower(of: name, in: store) }

  private func expectRight(_ place: String) throws {
    let report = try store.verify()
    #expect(report.isSound, "\(place): \(report.problems.prefix(3))")
    for name in try store.read({ try $0.groupings() }).map(\.name) {
      let replay = try ReplayJob.run(store, grouping: name)
      #expect(replay.isSame, "\(place), \(name): \(replay)")
    }
  }

  /// How many samples are in the groups of a grouping.
  private func members(_ name: String) throws -> UInt64 {
    try store.read { transaction in
      try transaction.groups(of: transaction.existingGrouping(name).id).reduce(0) { $0 + $1.size }
    }
  }

  private static let everyRound: JobControl = {
    var control = JobControl()
    control.limits.chunks = 0
    control.limits.sliceRows = 300
    return control
  }()

  @Test func aStaleFollowerBeginsAnew() throws {
    try createAll()
    try ingest(0..<900)
    let stale = try Self.all.map { try follower($0) }
    for name in Self.all { _ = try follower(name).update(JobControl()) }
    try ingest(900..<1_000)
    for follower in stale { _ = try follower.update(JobControl()) }
    for name in Self.all { #expect(try members(name) == 1_000, "\(name)") }
    try expectRight("after two followers")
    // And back again: the first one is stale now.
    let first = try Self.all.map { try follower($0) }
    try ingest(1_000..<1_500)
    _ = try DeletionJob.run(store, (0..<50).map { SampleID($0) }, reason: "")
    for follower in stale + first { _ = try follower.update(JobControl()) }
    for name in Self.all { #expect(try members(name) == 1_450, "\(name)") }
    try expectRight("after three")
  }

  /// The other one comes between two rounds, and between two slices of a round.
  @Test(arguments: all) func anotherFollowerInBetween(name: String) throws {
    try createAll()
    try ingest(0..<3_000)
    if name == "both" { for factor in ["tasks", "levels"] { _ = try follower(factor).update(JobControl()) } }
    let left = Mutex(3)
    var control = Self.everyRound
    let store = store
    control.report = { _ in
      let isWanted = left.withLock {
        $0 -= 1
        return $0 == 0
      }
      guard isWanted else { return }
      do {
        _ = try UpdateJob.follower(of: name, in: store).update(JobControl())
      } catch {
        Issue.record(error)
      }
    }
    let follower = try follower(name)
    _ = try follower.update(control)
    #expect(left.withLock { $0 } <= 0)
    #expect(try members(name) == 3_000)
    for name in Self.all { _ = try self.follower(name).update(JobControl()) }
    #expect(try self.follower(name).digest == follower.digest)
    try expectRight(name)
  }

  /// A round that was made of an older state is refused by the store, whatever it holds.
  @Test func aRoundOnAStateThatIsGoneIsRefused() throws {
    try createAll()
    try ingest(0..<10)
    let before = try store.read { try $0.existingGrouping("tasks") }
    _ = try follower("tasks").update(JobControl())
    let sequence = try store.read { try $0.counters.lastSequence }
    let next = FeedPosition(sequence: sequence.next, offset: 0)
    for isProvisional in [false, true] {
      let round = RoundCommit(
        assignments: [], groups: [], engineState: before.engineState, applied: next, isProvisional: isProvisional,
        events: [], digest: 0)
      let name = codeName { try store.write { _ = try $0.commit(round, to: before) } }
      #expect(name == "store.grouping-moved")
    }
    let slice = GenerationSlice(applied: next, digest: 0, first: 0, groups: [1], distances: [0])
    #expect(codeName { try store.write { _ = try $0.write(slice, to: before) } } == "store.grouping-moved")
    #expect(try store.read { try $0.counters.lastSequence } == sequence)
  }

  /// Says that the grouping is gone, and not that the store is damaged; another one that has the name is left alone.
  @Test(arguments: [false, true]) func aGroupingDroppedInBetween(isCreatedAgain: Bool) throws {
    try createAll()
    try store.write { try $0.dropGrouping(named: "both") }
    for name in ["tasks", "sizes"] {
      try ingest(0..<2_000)
      let left = Mutex(2)
      var control = Self.everyRound
      control.limits.chunks = 6_000
      let store = store
      control.report = { _ in
        let isWanted = left.withLock {
          $0 -= 1
          return $0 == 0
        }
        guard isWanted else { return }
        do {
          try store.write { transaction in
            let definition = try transaction.reading.existingGrouping(name).definition
            try transaction.dropGrouping(named: name)
            if isCreatedAgain { _ = try transaction.createGrouping(name: name, definition: definition) }
          }
        } catch {
          Issue.record(error)
        }
      }
      control.limits.chunks = 0
      let follower = try follower(name)
      #expect(codeName { _ = try follower.update(control) } == "store.unknown-grouping", "\(name)")
      #expect(codeName { _ = try follower.update(JobControl()) } == "store.unknown-grouping", "\(name)")
    }
    let report = try StoreUpdater(store).update(control: JobControl())
    #expect(report.troubles.isEmpty)
    if isCreatedAgain { for name in ["tasks", "sizes"] { #expect(try members(name) == 2_000) } }
    try expectRight("in the end")
  }

  /// An update of everything passes over what is dropped while it runs, and does the rest.
  @Test func anUpdatePassesOverWhatIsDropped() throws {
    try createAll()
    try ingest(0..<2_000)
    let updater = StoreUpdater(store)
    _ = try updater.update(control: JobControl())
    try ingest(2_000..<4_000)
    let isDone = Mutex(false)
    let store = store
    var control = Self.everyRound
    control.report = { progress in
      let isFirst = isDone.withLock { isDone in
        guard !isDone, progress.stage.hasPrefix("levels") else { return false }
        isDone = true
        return true
      }
      guard isFirst else { return }
      do {
        try store.write { transaction in
          try transaction.dropGrouping(named: "both")
          try transaction.dropGrouping(named: "levels")
        }
      } catch {
        Issue.record(error)
      }
    }
    let report = try updater.update(control: control)
    #expect(isDone.withLock { $0 })
    #expect(report.troubles.isEmpty && report.groupings.map(\.grouping) == ["tasks", "sizes"])
    try create("levels", GroupingDefinition(criterion: .attribute("level")))
    #expect(try updater.update(control: JobControl()).groupings.map(\.grouping) == ["tasks", "sizes", "levels"])
    #expect(try members("levels") == 4_000)
    try expectRight("in the end")
  }

  /// Samples come all the time: rounds are made of those that were there when they began.
  @Test func samplesThatComeDuringARound() throws {
    try createAll()
    let isOver = Mutex(false)
    let source = TestThreads(1) { _ in
      for number in 0..<150 {
        do {
          try ingest((number * 20)..<(number * 20 + 20))
          if number % 10 == 9 { try ingest((number * 20 - 60)..<(number * 20), task: "other", updating: true) }
        } catch {
          Issue.record(error)
        }
      }
      isOver.withLock { $0 = true }
    }
    let updater = StoreUpdater(store)
    while !isOver.withLock({ $0 }) {
      let report = try updater.update(control: JobControl())
      #expect(report.troubles.isEmpty, "\(report.troubles)")
      if !report.troubles.isEmpty { break }
    }
    source.wait()
    #expect(try updater.update(control: JobControl()).troubles.isEmpty)
    for name in Self.all { #expect(try members(name) == 3_000, "\(name)") }
    try expectRight("in the end")
  }

  /// The label of a sample is gone with it: a grouping that follows labels sees it before, also when it changes at the last
  /// moment.
  @Test func aLabelThatChangesBeforeADeletionIsFollowed() throws {
    try create("levels", GroupingDefinition(criterion: .attribute("level")))
    try ingest(0..<10)
    _ = try follower("levels").update(JobControl())
    var change = LabelChange(SampleID(0))
    change.attributes = Array(#"{"level":99}"#.utf8)
    let changes = [change]
    let deleted = try Turns.between(
      store, { _ = try $0.relabel(changes, reason: "") }, { try DeletionJob.run(store, [SampleID(0)], reason: "") })
    #expect(deleted == [SampleID(0)])
    _ = try follower("levels").update(JobControl())
    let labels = try store.read { transaction in
      try transaction.groups(of: transaction.existingGrouping("levels").id).map(\.geometry)
    }
    #expect(labels.contains(.label("99")))
    try expectRight("after the deletion")
  }

  /// What does not fulfil the conditions any more when its turn comes is left alone.
  @Test func conditionsHoldWhenTheSamplesChange() throws {
    try ingest(0..<10)
    var filter = SampleFilter()
    filter.task = "t3"
    let (store, condition) = (store, filter)
    var change = LabelChange(SampleID(3))
    change.task = .named("good")
    let changes = [change]
    let relabel: @Sendable (borrowing WriteTransaction) throws -> Void = {
      _ = try $0.relabel(changes, reason: "better known")
    }
    let found = try store.read { try filter.ids(in: $0) }
    #expect(found == [SampleID(3)])
    var correction = RelabelJob.Correction()
    correction.task = .named("bad")
    let wish = correction
    #expect(
      try Turns.between(store, relabel) {
        try RelabelJob.run(store, found, wish, reason: "", filter: condition)
      } == 0)
    filter.task = "good"
    change.task = .named("t3")
    let back = [change]
    let now = filter
    #expect(
      try Turns.between(store, { _ = try $0.relabel(back, reason: "") }) {
        try DeletionJob.run(store, found, reason: "", filter: now)
      } == [])
    #expect(try store.read { try $0.counters.deleted } == 0)
    #expect(try DeletionJob.run(store, found, reason: "", filter: condition) == found)
    #expect(try store.verify().isSound)
  }
}
