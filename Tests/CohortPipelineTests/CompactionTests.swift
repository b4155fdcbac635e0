import CohortCore
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Synchronization
import Testing

/// Samples are packed anew: every one stays what it is, and the file gets smaller.
@Suite struct CompactionTests {
  private static let words = [
    "the", "cluster", "of", "samples", "shares", "a", "question", "about", "numbers", "and", "towns", "in", "winter",
  ]

  private let folder: TemporaryFolder
  private let store: Store
  private let seed = Torture.seed

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"))
  }

  /// Texts of all lengths, from a few bytes to more than a page of the file.
  private func pour(_ count: Int, from first: Int = 0) throws {
    var random = TestRandom(seed: seed &+ UInt64(first))
    for start in stride(from: first, to: first + count, by: 1_000) {
      var builder = SampleBatchBuilder()
      for number in start..<min(start + 1_000, first + count) {
        let length = random.below(40) == 0 ? random.below(2_000) : random.below(80)
        let text = (0..<length).map { _ in Self.words[random.below(Self.words.count)] }.joined(separator: " ")
        builder.add(
          prompt: "Question \(number)? \(text)", response: "\(random.next())", task: "t\(number % 7)",
          attributes: number % 3 == 0 ? #"{"level":\#(number % 5)}"# : "")
      }
      let batch = PreparedBatch(builder.batch, dictionary: try store.read { try $0.currentDictionary() })
      _ = try store.write { try $0.ingest(batch, source: "x", origin: "") }
      try store.trainDictionaryIfDue()
    }
  }

  private func digest() throws -> [Digest128] {
    try store.read { transaction in
      try (0..<transaction.counters.nextSample).map { id in
        try transaction.withSample(SampleID(id)) { view in
          guard let view else { return Digest128(high: 0, low: 0) }
          return XXH3.hash128(
            [UInt8](view.content) + [UInt8](view.attributes) + Array("\(view.source) \(view.task) \(view.line)".utf8))
        }
      }
    }
  }

  private func expectSound(_ place: String) throws {
    let report = try store.verify()
    #expect(report.isSound, "seed \(seed), \(place): \(report.problems.prefix(3))")
  }

  @Test(arguments: [1, 4])
  func everySampleStaysWhatItIs(workers: Int) throws {
    try pour(9_000)
    _ = try store.write { try $0.delete((100..<180).map { SampleID($0) }, reason: "test") }
    var change = LabelChange(SampleID(7))
    change.task = .named("other")
    _ = try store.write { [change] in try $0.relabel([change], reason: "test") }
    let before = try digest()
    var control = JobControl(workers: workers)
    let stages = Mutex<Set<String>>([])
    control.report = { progress in stages.withLock { _ = $0.insert(progress.stage) } }

    let first = try CompactionJob.run(store, control: control)
    #expect(first.samples == 9_000 && first.repacked > 8_000, "seed \(seed): \(first)")
    #expect(first.bytesAfter < first.bytesBefore * 9 / 10, "seed \(seed): \(first)")
    #expect(try digest() == before)
    #expect(stages.withLock { $0 } == ["compact"])
    try expectSound("packed")
    // Nothing is left to do, and what comes in later is all that the next run looks at.
    #expect(try CompactionJob.run(store, control: control).samples == 0)
    try pour(500, from: 9_000)
    #expect(try CompactionJob.run(store, control: control).samples == 500)

    let all = try digest()
    let plain = try CompactionJob.run(store, .plain, control: control)
    #expect(plain.samples == 9_500 && plain.bytesAfter > plain.bytesBefore)
    #expect(try digest() == all)
    try expectSound("plain")
    let again = try CompactionJob.run(store, .zstd(level: 19), control: control)
    #expect(again.bytesAfter < plain.bytesBefore && !again.hasNewDictionary, "seed \(seed): \(again)")
    #expect(try digest() == all)
    try expectSound("packed again")
  }

  /// What the records take in a copy without free pages: whether they fill their pages.
  @Test func recordsFillTheirPages() throws {
    try pour(9_000)
    func copied(_ name: String) throws -> UInt64 {
      try store.backup(to: folder.file(name))
      return try Store.open(at: folder.file(name)).sizes().fileBytes
    }
    let before = try copied("before")
    let report = try CompactionJob.run(store, .zstd(level: 19))
    let gained = report.bytesBefore - report.bytesAfter
    let after = try copied("after")
    // The new dictionary takes its room.
    #expect(after + gained * 7 / 10 < before + 120 << 10, "\(before) -> \(after), records \(gained) less")
    #expect(try store.verify().isSound)
  }

  @Test func aRunThatEndedGoesOnWhereItWas() throws {
    try pour(9_000)
    let before = try digest()
    let left = Mutex(0)
    var control = JobControl()
    control.shouldStop = {
      left.withLock {
        $0 -= 1
        return $0 < 0
      }
    }
    var looked: UInt64 = 0
    var ends = 0
    var repacked: UInt64 = 0
    while true {
      left.withLock { $0 = 6 + ends }
      let done = try store.read { $0.firstUnpacked(.standard) }
      #expect(done >= looked)
      looked = done
      do {
        repacked += try CompactionJob.run(store, control: control).samples
        break
      } catch let error as CohortError where error.code.name == "pipeline.interrupted" {
        ends += 1
        #expect(try digest() == before)
      }
    }
    #expect(ends > 2 && repacked < 9_000, "\(ends) ends, \(repacked) in the last run")
    #expect(try digest() == before)
    try expectSound("after \(ends) ends")
  }

  @Test func whatChangesMeanwhileIsKept() throws {
    try pour(600)
    let packer = try store.read { try $0.packer(.standard) }
    let piece = try store.read { try $0.repacked(0..<600, packer) }
    var change = LabelChange(SampleID(20))
    change.attributes = Array(#"{"level":"new"}"#.utf8)
    _ = try store.write { [change] transaction in
      _ = try transaction.relabel([change], reason: "test")
      _ = try transaction.delete([SampleID(21), SampleID(599)], reason: "test")
    }
    let before = try digest()
    let changed = try store.write { try $0.replace([piece], packer) }
    #expect(changed < piece.changed && changed > 300, "\(changed) of \(piece.changed)")
    #expect(try digest() == before)
    #expect(try store.read { try $0.sample(SampleID(21)) } == nil)
    try expectSound("changed meanwhile")
  }

  @Test func theDiskGetsFreePagesBack() throws {
    try pour(4_000)
    _ = try store.write { try $0.delete((0..<3_900).map { SampleID($0) }, reason: "test") }
    let report = try CompactionJob.run(store)
    #expect(report.freedPages > 100 && report.pagesInUse == 0, "\(report)")
    let (before, after) = (try #require(report.diskBytesBefore), try #require(report.diskBytesAfter))
    // The file system of the temporary files decides whether there are holes; where there are, the disk has the pages back.
    if try store.eraseRemains().areGivenBack {
      #expect(before > after + 100 * 4096, "\(report)")
    } else {
      #expect(after >= before, "\(report)")
    }
    #expect(try store.sizes().fileBytes >= after)
    try pour(4_000, from: 4_000)
    try expectSound("used again")
    #expect(try store.read { try $0.counters.live } == 4_100)
  }
}
