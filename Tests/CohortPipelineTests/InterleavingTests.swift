import CohortActions
import CohortCatalog
import CohortCore
import CohortEmbedding
import CohortIngestion
import CohortPipeline
import CohortPlanning
import CohortStore
import CohortTesting
import CohortTrainer
import Foundation
import Synchronization
import Testing

/// Jobs of all kinds at the same time, on a store that two owners write as two processes would: whatever comes between
/// what, the store is sound in the end, its groups are those that the log makes, and every sample that was acknowledged is
/// there once.
@Suite struct InterleavingTests {
  /// What a job may be told: that something is not there (any more), is there already, or is in use; or that another follower
  /// of the same grouping writes a large round at the same time (`store.generation`), which only a hold spares them.
  private static func isExpected(_ error: CohortError) -> Bool {
    let code = error.code.name
    return error.category == .notFound || code.hasSuffix("-exists") || code.hasSuffix("in-use")
      || [
        "store.snapshot-lost", "store.generation", "pipeline.no-groupings", "pipeline.not-measured",
        "pipeline.not-in-snapshot",
        "pipeline.interrupted", "clustering.not-refinable", "planning.empty-population", "trainer.run-taken",
        "store.default-space", "pipeline.product", "store.packing", "reading.plan-without-snapshot",
      ].contains(code)
  }

  private struct Encoder: TextEncoder {
    let identity = EncoderIdentity(provider: "npy", model: "m", fingerprint: "w", dimension: 6)
    let batching = EncoderBatching(texts: 8, bytes: 1 << 16, concurrency: 2)

    func encode(_ texts: [String]) throws -> [EncodedText] {
      texts.map { text in
        let hash = XXH3.hash64(Array(text.utf8))
        if hash % 50 == 0 { return .none }
        if hash % 50 == 1 { return .refused("no") }
        return .vector((0..<6).map { Float(Int64(bitPattern: hash >> (UInt64($0) * 9)) & 0x1ff) - 200.5 })
      }
    }
  }

  private final class Record: Sendable {
    let acknowledged = Mutex<Set<Int>>([])
    let errors = Mutex<[String: Int]>([:])
  }

  private let folder: TemporaryFolder
  private let stores: [Store]
  private let record = Record()

  init() throws {
    folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"), configuration: StoreConfiguration(dedupe: .store))
    stores = [store, try Turns.secondWriter(of: store)]
  }

  // MARK: Jobs

  private func ingest(_ store: Store, _ name: String, _ random: inout TestRandom) throws {
    let numbers = (0..<(1 + random.below(60))).map { _ in random.below(4_000) }
    let lines = numbers.map { number in
      let response = String(repeating: "w", count: 1 + number % 90)
      let labels = #""kind":"k\#(random.below(6))","level":\#(random.below(5))"#
      return #"{"prompt":"q\#(number)","completion":"\#(response)",\#(labels)}"#
    }
    var request = IngestRequest(paths: [try folder.write("\(name).jsonl", lines.joined(separator: "\n"))])
    request.options.task = .field("kind")
    request.options.sourceName = "source \(random.below(40))"
    request.updatesLabels = random.below(3) == 0
    request.terms.licence = random.below(4) == 0 ? .field("kind") : nil
    let report = try IngestJob.run(store, request)
    #expect(report.failures.isEmpty)
    record.acknowledged.withLock { $0.formUnion(numbers) }
  }

  private func definition(_ random: inout TestRandom) -> GroupingDefinition {
    switch random.below(5) {
    case 0: GroupingDefinition(criterion: .task)
    case 1: GroupingDefinition(criterion: .attribute("level"))
    case 2: GroupingDefinition(criterion: .length(.response, .quantiles(4)))
    case 3: GroupingDefinition(criterion: .length(.total, .quantiles(3), measure: "m"))
    default: GroupingDefinition(criterion: .embedding(space: "s"), granularity: .groupSize(30))
    }
  }

  private func ids(_ store: Store, _ count: Int, _ random: inout TestRandom) throws -> [SampleID] {
    let end = try store.read { try $0.counters.nextSample }
    guard end > 0 else { return [] }
    return (0..<count).map { _ in SampleID(UInt64(random.below(Int(end)))) }
  }

  /// The work that updates, and would take holds: here it does not.
  private func update(_ store: Store, _ updater: StoreUpdater, _ random: inout TestRandom) throws {
    var control = JobControl()
    if random.below(3) == 0 {
      control.limits.chunks = 0
      control.limits.sliceRows = 200 + random.below(2_000)
    }
    if random.below(4) == 0 {
      let left = Mutex(1 + random.below(12))
      control.shouldStop = {
        left.withLock {
          $0 -= 1
          return $0 < 0
        }
      }
    }
    switch random.below(8) {
    case 0: _ = try EmbedJob.run(store, space: "s", encoder: Encoder(), control: control)
    case 1:
      _ = try DeletionJob.run(store, try ids(store, 1 + random.below(6), &random), reason: "test", control: control)
    case 2:
      var correction = RelabelJob.Correction()
      correction.task = random.below(3) == 0 ? .missing : .named("k\(random.below(8))")
      _ = try RelabelJob.run(
        store, try ids(store, 1 + random.below(20), &random), correction, reason: "test", control: control)
    case 3: _ = try RefineJob.run(store, grouping: "g4", passes: 2, control: control)
    case 4:
      _ = try StoreUpdater(store).update(control: JobControl())
      _ = try SnapshotJob.create(store, name: "n\(random.below(4))", groupings: try names(store))
    default:
      _ = try EmbedJob.run(store, space: "s", encoder: Encoder())
      let report = try updater.update(control: control)
      for trouble in report.troubles where !Self.isExpected(trouble.error) { throw trouble.error }
    }
  }

  private func names(_ store: Store) throws -> [String] { try store.read { try $0.groupings() }.map(\.name) }

  private func change(_ store: Store, _ name: String, _ random: inout TestRandom) throws {
    let grouping = "g\(random.below(6))"
    switch random.below(14) {
    case 0: try store.write { try $0.dropGrouping(named: grouping) }
    case 1, 2, 3:
      let definition = grouping == "g4" ? GroupingDefinition(criterion: .embedding(space: "s")) : definition(&random)
      _ = try store.write { try $0.createGrouping(name: grouping, definition: definition) }
    case 4: _ = try ProductJob.create(store, name: "p", factors: "g0*g\(1 + random.below(5))", minimum: 3)
    case 5: try store.write { try $0.dropGrouping(named: "p") }
    case 6: _ = try store.createSnapshot(name: "n\(random.below(4))", groupings: try names(store), slice: 2)
    case 7: try store.write { try $0.dropSnapshot(named: "n\(random.below(4))") }
    case 8, 9:
      let snapshot = "n\(random.below(4))"
      let groupings = try store.read { try $0.existingSnapshot(snapshot).groupings.map(\.name) }
      guard let grouping = groupings.first else { return }
      _ = try PlanJob.create(
        store, name: "l\(random.below(3))", snapshot: snapshot, grouping: grouping,
        configuration: PlanConfiguration(batchSize: 8, seed: 3), measure: random.below(2) == 0 ? "m" : nil)
    case 10: try store.write { try $0.dropPlan(named: "l\(random.below(3))") }
    case 11:
      let plan = try store.read { try $0.existingPlan("l\(random.below(3))") }
      let checkpoints = try StoreCheckpoints(store: store, freshRunOf: plan)
      let cursor = try Plan(decoding: plan.plan).cursor()
      for _ in 0..<3 {
        try checkpoints.save(
          Checkpoint(cursor: cursor, progress: TrainingProgress(), learner: "reference", state: [1, 2]))
      }
    case 12:
      if random.below(2) == 0 {
        _ = try store.eraseRemains()
      } else {
        _ = try CompactionJob.run(store, [.plain, .zstd(level: 1), .standard][random.below(3)])
      }
    default:
      let verified = try store.verify()
      #expect(verified.isSound, "\(verified.problems.prefix(3))")
      for replayed in try names(store) {
        let report = try ReplayJob.run(store, grouping: replayed)
        #expect(report.difference == nil, "\(report)")
      }
    }
  }

  private func attempt(_ what: String, _ body: () throws -> Void) {
    do {
      try body()
    } catch let error as CohortError where Self.isExpected(error) {
      record.errors.withLock { $0[error.code.name, default: 0] += 1 }
    } catch {
      Issue.record("\(what): \(error)")
    }
  }

  // MARK: The test

  @Test(arguments: Torture.cases([Torture.seed], tortured: (0..<30).map { Torture.seed + UInt64($0) }))
  func theStoreIsSoundWhateverComesBetweenWhat(seed: UInt64) throws {
    let store = stores[0]
    try store.write { transaction in
      _ = try transaction.createSpace(name: "s", provider: "npy", fingerprint: "w", dimension: 6)
    }
    _ = try MeasureLibrary.add(store, name: "m", unit: .words)
    for (name, definition) in [
      ("g0", GroupingDefinition(criterion: .task)), ("g1", GroupingDefinition(criterion: .attribute("level"))),
      ("g2", GroupingDefinition(criterion: .length(.response, .quantiles(4)))),
      ("g4", GroupingDefinition(criterion: .embedding(space: "s"), granularity: .groupSize(30))),
    ] {
      _ = try store.write { try $0.createGrouping(name: name, definition: definition) }
    }
    let end = Date().addingTimeInterval(Torture.cases(5, tortured: 20))
    let done = Mutex<[String: Int]>([:])
    let catalog = try Catalog(of: store)
    TestThreads.run(6) { thread in
      var random = TestRandom(seed: seed &* 31 &+ UInt64(thread))
      let updaters = stores.map { StoreUpdater($0) }
      while Date() < end {
        let owner = random.below(2)
        let (kind, name) = (thread % 3, "thread \(thread)")
        attempt("seed \(seed), \(name)") {
          switch kind {
          case 0: try ingest(stores[owner], name, &random)
          case 1: try update(stores[owner], updaters[owner], &random)
          default: try change(stores[owner], name, &random)
          }
          if thread == 5 { try catalog.catchUp(from: store) }
          done.withLock { $0["\(kind)", default: 0] += 1 }
        }
      }
    }
    _ = try EmbedJob.run(store, space: "s", encoder: Encoder())
    for store in [stores[1], store] {
      let report = try StoreUpdater(store).update(control: JobControl())
      #expect(report.troubles.isEmpty, "seed \(seed): \(report.troubles)")
    }
    try expectRight(seed, catalog)
    #expect(done.withLock { $0.values.allSatisfy { $0 > 3 } && $0.count == 3 }, "\(done.withLock { $0 })")
  }

  private func expectRight(_ seed: UInt64, _ catalog: Catalog) throws {
    let store = stores[0]
    for store in stores {
      let verified = try store.verify()
      #expect(verified.isSound, "seed \(seed): \(verified.problems.prefix(5))")
    }
    for name in try names(store) {
      let replay = try ReplayJob.run(store, grouping: name)
      #expect(replay.isSame, "seed \(seed), \(name): \(replay)")
    }
    // Each prompt once among those that are not deleted; each acknowledged one there, unless it was deleted since.
    try store.read { transaction in
      var live: [[UInt8]: Int] = [:]
      var gone: UInt64 = 0
      for number in 0..<(try transaction.counters.nextSample) {
        let content = try transaction.withSample(SampleID(number)) { view in view.map { [UInt8]($0.content) } }
        if let content { live[content, default: 0] += 1 } else { gone += 1 }
      }
      #expect(live.values.allSatisfy { $0 == 1 }, "seed \(seed)")
      #expect(try transaction.counters.deleted == gone, "seed \(seed)")
      let acknowledged = record.acknowledged.withLock { $0.count }
      #expect(UInt64(live.count) + gone >= UInt64(acknowledged), "seed \(seed)")
      let space = try #require(try transaction.space(named: "s"))
      #expect(try transaction.vectorCounts(in: space).pending == 0, "seed \(seed)")
    }
    try catalog.catchUp(from: store)
    let before = try catalog.contentDigest()
    try catalog.rebuild(from: store)
    #expect(try catalog.contentDigest() == before, "seed \(seed)")
    let problems = try NeededFiles.problems(in: store)
    #expect(problems.isEmpty)
  }
}
