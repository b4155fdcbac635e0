import CohortActions
import CohortCore
import CohortEmbedding
import CohortIngestion
import CohortPipeline
import CohortPlanning
import CohortStore
import CohortTesting
import Foundation
import Synchronization
import Testing

/// Jobs beside groupings whose transactions have those of others between them.
@Suite struct InterleavedJobsTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"), configuration: StoreConfiguration(dedupe: .store))
  }

  private func ingest(_ range: Range<Int>) throws {
    var builder = SampleBatchBuilder()
    for number in range { builder.add(prompt: "q\(number)", response: "r", task: "t\(number % 3)") }
    let prepared = builder.prepared
    _ = try store.write { try $0.ingest(prepared, source: "rows", origin: "memory") }
  }

  /// Vectors of a text; the first call of all does something else before.
  private final class Interrupted: TextEncoder {
    let identity = EncoderIdentity(provider: "npy", model: "m", fingerprint: "w", dimension: 4)
    let batching = EncoderBatching(texts: 16, bytes: 1 << 20, concurrency: 2)
    private let first: Mutex<(@Sendable () throws -> Void)?>

    init(_ first: (@Sendable () throws -> Void)? = nil) { self.first = Mutex(first) }

    func encode(_ texts: [String]) throws -> [EncodedText] {
      let work = first.withLock { first in
        defer { first = nil }
        return first
      }
      try work?()
      return texts.map { text in
        switch XXH3.hash64(Array(text.utf8)) % 10 {
        case 0: .refused("no")
        case 1: .none
        case let other: .vector([Float(other), 1, 2, 3])
        }
      }
    }
  }

  private func space(_ name: String = "s") throws {
    _ = try store.write { try $0.createSpace(name: name, provider: "npy", fingerprint: "w", dimension: 4) }
  }

  /// What two jobs report together is what became of the samples.
  @Test func twoJobsEmbedTheSameSpace() throws {
    try space()
    try ingest(0..<300)
    let store = store
    let other = Mutex<EmbedReport?>(nil)
    let mine = try EmbedJob.run(
      store, space: "s",
      encoder: Interrupted {
        let report = try EmbedJob.run(store, space: "s", encoder: Interrupted())
        other.withLock { $0 = report }
      })
    let theirs = try #require(other.withLock { $0 })
    let counts = try store.read { try $0.vectorCounts(in: try #require(try $0.space(named: "s"))) }
    #expect(mine.embedded + theirs.embedded == counts.present)
    #expect(mine.without + theirs.without == counts.none)
    #expect(counts.pending == 0 && counts.present + counts.none + counts.refused == 300)
    #expect(try store.verify().isSound)
  }

  /// Deleted after it was read: it gets no vector, and is not reported.
  @Test func aSampleIsDeletedWhileItIsEmbedded() throws {
    try space()
    try ingest(0..<100)
    let store = store
    let report = try EmbedJob.run(
      store, space: "s",
      encoder: Interrupted { _ = try store.write { try $0.delete((0..<100).map { SampleID($0) }, reason: "") } })
    #expect(report.embedded + report.without + report.refused == 0)
    #expect(try store.verify().isSound)
  }

  @Test func aSpaceIsDroppedWhileItIsEmbedded() throws {
    try space()
    try ingest(0..<3_000)
    _ = try EmbedJob.run(store, space: "s", encoder: Interrupted())
    try ingest(3_000..<6_000)
    let store = store
    let encoder = Interrupted { try SpaceJob.drop(store, space: "s") }
    #expect(codeName { _ = try EmbedJob.run(store, space: "s", encoder: encoder) } == "store.unknown-embedding-space")
    #expect(try store.verify().isSound)
  }

  /// Whatever comes while it runs is the next one's: groupings have their turn.
  @Test func samplesThatComeMeanwhileAreTheNextRuns() throws {
    try space()
    try ingest(0..<100)
    let report = try EmbedJob.run(store, space: "s", encoder: Interrupted { try ingest(100..<200) })
    #expect(report.embedded + report.without + report.refused == 100)
    let counts = try store.read { try $0.vectorCounts(in: try #require(try $0.space(named: "s"))) }
    #expect(counts.pending == 100)
  }

  @Test func twoJobsMeasureByTheSameMeasure() throws {
    let measure = try MeasureLibrary.add(store, name: "m", unit: .bytes)
    try ingest(0..<2_000)
    let counter = try LengthCounter(of: measure, in: store)
    let other = Mutex<UInt64>(0)
    let store = store
    let control = JobControl(shouldStop: {
      // Once, when some of it is measured and not yet committed.
      let isFirst = other.withLock { other in
        defer { other = max(other, 1) }
        return other == 0
      }
      guard isFirst else { return false }
      do {
        let report = try MeasureJob.run(store, measure: "m", counter: counter)
        other.withLock { $0 = report.measured }
      } catch {
        Issue.record(error)
      }
      return false
    })
    let mine = try MeasureJob.run(store, measure: "m", counter: counter, control: control)
    #expect(mine.measured + other.withLock { $0 } == 2_000)
    #expect(try store.verify().isSound)
  }

  /// Lengths in another unit would be wrong for ever.
  @Test func aCounterIsForItsMeasureAlone() throws {
    let measure = try MeasureLibrary.add(store, name: "m", unit: .bytes)
    let counter = try LengthCounter(of: measure, in: store)
    try MeasureLibrary.drop(store, named: "m")
    _ = try MeasureLibrary.add(store, name: "m", unit: .words)
    try ingest(0..<10)
    #expect(
      codeName { _ = try MeasureJob.run(store, measure: "m", counter: counter) } == "store.unknown-length-measure")
  }

  /// Measures that come and go with the same tokenizer: it is there as long as one of them is.
  @Test func aTokenizerStaysWhileAMeasureNeedsIt() throws {
    let store = store
    TestThreads.run(2) { thread in
      for number in 0..<6 {
        do {
          let name = "m\(thread)-\(number)"
          _ = try MeasureLibrary.add(store, name: name, unit: .tokens, tokenizer: Checkout.bundledTokenizer)
          let problems = try NeededFiles.problems(in: store)
          #expect(problems.isEmpty, "\(problems)")
          if number < 5 { try MeasureLibrary.drop(store, named: name) }
        } catch {
          Issue.record(error)
        }
      }
    }
    #expect(try NeededFiles.problems(in: store).isEmpty)
  }

  /// One dictionary, whoever trains it first.
  @Test func twoJobsTrainOneDictionary() throws {
    var builder = SampleBatchBuilder()
    for number in 0..<8_200 {
      builder.add(prompt: "What is \(number) and \(number * 7)?", response: "It is \(number).")
    }
    let prepared = builder.prepared
    _ = try store.write { try $0.ingest(prepared, source: "rows", origin: "memory") }
    let stores = [store, try Turns.secondWriter(of: store)]
    let trained = Mutex(0)
    TestThreads.run(2) { number in
      do {
        if try stores[number].trainDictionaryIfDue() { trained.withLock { $0 += 1 } }
      } catch {
        Issue.record(error)
      }
    }
    #expect(trained.withLock { $0 } == 1)
    #expect(try store.read { try $0.counters.dictionary } == 1)
    #expect(try store.verify().isSound)
  }

  /// A draft that another process has taken for abandoned becomes no snapshot, and a whole one is left alone.
  @Test func aDraftThatAnotherProcessRemoved() throws {
    try ingest(0..<9_000)
    _ = try store.write { try $0.createGrouping(name: "g", definition: GroupingDefinition(criterion: .task)) }
    _ = try UpdateJob.follower(of: "g", in: store).update(JobControl())
    let other = try Turns.secondWriter(of: store)
    let name = codeName {
      _ = try store.createSnapshot(name: "mine", groupings: ["g"], slice: 1) { written in
        if written == 2 { _ = try other.createSnapshot(name: "theirs", groupings: ["g"]) }
      }
    }
    #expect(name == "store.snapshot-lost")
    #expect(try store.read { try $0.snapshots() }.map(\.name) == ["theirs"])
    #expect(try store.verify().isSound)
    _ = try store.createSnapshot(name: "mine", groupings: ["g"], slice: 1)
    #expect(try store.read { try $0.snapshots() }.map(\.name) == ["theirs", "mine"])
    #expect(try store.verify().isSound)
  }

  /// One after the other: none finds the half of what another one writes.
  @Test func severalJobsAddTheBundledModel() throws {
    let stores = [store, try Turns.secondWriter(of: store)]
    let models = Mutex<[ModelLibrary.Model]>([])
    TestThreads.run(4) { number in
      do {
        let model = try ModelLibrary(stores[number % 2]).addBundled()
        models.withLock { $0.append(model) }
      } catch {
        Issue.record(error)
      }
    }
    #expect(models.withLock { Set($0).count } == 1 && models.withLock { $0.count } == 4)
    #expect(try ModelLibrary(store).models().map(\.name) == [ModelLibrary.bundledName])
    // Those that are made where one is needed are one, too.
    let spaces = Mutex<Set<String>>([])
    TestThreads.run(3) { number in
      do {
        let space = try SpaceJob.chosen(stores[number % 2], named: nil)
        spaces.withLock { _ = $0.insert(space.name) }
      } catch {
        Issue.record(error)
      }
    }
    #expect(spaces.withLock { $0.count } == 1)
    #expect(try store.verify().isSound)
  }

  /// A plan of a snapshot that is dropped at the last moment is refused.
  @Test func aSnapshotIsDroppedBeforeItsPlanIsStored() throws {
    try ingest(0..<100)
    _ = try store.write { try $0.createGrouping(name: "g", definition: GroupingDefinition(criterion: .task)) }
    _ = try UpdateJob.follower(of: "g", in: store).update(JobControl())
    _ = try SnapshotJob.create(store, name: "s", groupings: ["g"])
    let store = store
    let code = codeName {
      _ = try Turns.between(store, { try $0.dropSnapshot(named: "s") }) {
        try PlanJob.create(
          store, name: "p", snapshot: "s", grouping: "g", configuration: PlanConfiguration(batchSize: 8, seed: 1))
      }
    }
    #expect(code == "store.unknown-snapshot")
    #expect(try store.verify().isSound)
  }

  private func lines(_ name: String, _ licence: String) throws -> IngestRequest {
    let lines = (0..<5).map { #"{"prompt":"\#(name) \#($0)","completion":"c","lic":"\#(licence)"}"# }
    var request = IngestRequest(paths: [try folder.write("\(name).jsonl", lines.joined(separator: "\n"))])
    request.options.sourceName = "rows"
    request.terms.licence = .field("lic")
    return request
  }

  /// A source keeps the licence that it has, whoever gave it; and what groups by it is no reason to stop.
  @Test func aSourceGetsItsLicenceFromAnotherJob() throws {
    try ingest(0..<3)
    var builder = SampleBatchBuilder()
    builder.add(prompt: "theirs", response: "r")
    let prepared = builder.prepared
    let report = try Turns.between(
      store,
      {
        _ = try $0.ingest(prepared, source: "rows", origin: "memory", terms: SourceTerms(licence: "MIT"))
        _ = try $0.createGrouping(name: "l", definition: GroupingDefinition(criterion: .attribute("licence")))
      }, { try IngestJob.run(store, try lines("mine", "GPL")) })
    #expect(report.inserted == 5 && report.failures.isEmpty)
    #expect(try store.read { try $0.source(named: "rows") }?.terms.licence == "MIT")
    #expect(try store.verify().isSound)
  }

  /// Two jobs bring vectors for a space that none of them found.
  @Test func twoJobsMakeTheSameSpaceOfGivenVectors() throws {
    let path = try folder.write("v.npy", NPYFile.floats((0..<5).map { [Float($0 + 1), 1] }))
    var request = try lines("mine", "x")
    request.embeddings = path
    request.space = "given"
    let store = store
    let wish = request
    let report = try Turns.between(
      store,
      { _ = try $0.createSpace(name: "given", provider: "npy", fingerprint: "given:2", dimension: 2) },
      { try IngestJob.run(store, wish) })
    #expect(report.embedded == 5)
    #expect(try store.verify().isSound)
  }
}
