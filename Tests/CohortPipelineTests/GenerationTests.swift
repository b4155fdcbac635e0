import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Synchronization
import Testing

/// Rounds that are written in slices: the same store as otherwise, readers that see nothing of it before its end, and
/// work that goes on after a stop at any slice.
@Suite struct GenerationTests {
  private static let data = Checkout.quickstartData

  private static func prepared(_ path: String) throws -> Store {
    let store = try Store.create(at: path)
    for (name, vectors) in [("gsm8k", "gsm8k.npy"), ("p3", "p3.npy")] {
      var request = IngestRequest(paths: [data + "/" + name])
      request.options.task = .fileName
      request.embeddings = data + "/" + vectors
      try #require(try IngestJob.run(store, request).failures.isEmpty)
    }
    _ = try store.write { transaction in
      let space = try #require(try transaction.reading.spaces().first).name
      _ = try transaction.createGrouping(name: "tasks", definition: GroupingDefinition(criterion: .task))
      return try transaction.createGrouping(
        name: "topics",
        // Balanced, because its rounds are of many records in a small store, too.
        definition: GroupingDefinition(
          criterion: .embedding(space: space), granularity: .groups(12), isBalanced: true))
    }
    _ = try ProductJob.create(store, name: "both", factors: "topics*tasks")
    return store
  }

  /// Everything that a reader sees of the groupings.
  private static func content(_ store: Store) throws -> [String] {
    try store.read { transaction in
      try transaction.groupings().map { grouping in
        var digest = StreamingDigest()
        for column in [grouping.groupColumn, grouping.distanceColumn] {
          try transaction.forEachChunk(column) { chunk in
            digest.update(chunk.data)
            return true
          }
        }
        let groups = try transaction.groups(of: grouping.id).map { "\($0.id) \($0.size) \($0.isOpen)" }
        return "\(grouping.name) \(grouping.applied) \(digest.finish()) \(grouping.engineState.count) \(groups)"
      }
    }
  }

  private static func sliced(_ rows: Int, stopAfter slices: Int = .max) -> JobControl {
    let left = Stop(slices)
    var control = JobControl(shouldStop: { left.isReached() })
    control.limits.chunks = 0
    control.limits.sliceRows = rows
    return control
  }

  /// Says stop after so many questions.
  private final class Stop: Sendable {
    private let left: Mutex<Int>
    init(_ count: Int) { left = Mutex(count) }

    func isReached() -> Bool {
      left.withLock { left in
        left -= 1
        return left < 0
      }
    }
  }

  @Test(arguments: [700, 1 << 20])
  func slicedRoundsMakeTheSameStore(rows: Int) throws {
    let folder = try TemporaryFolder()
    let whole = try Self.prepared(folder.file("whole"))
    let pieces = try Self.prepared(folder.file("pieces"))
    for step in 0..<3 {
      _ = try Pending.group(whole)
      _ = try Pending.group(pieces, control: Self.sliced(rows))
      #expect(try Self.content(pieces) == Self.content(whole), "\(rows) rows, step \(step)")
      #expect(try pieces.verify().isSound, "\(rows) rows, step \(step)")
      let ids = (0..<200).map { SampleID(UInt64($0 * 7 + step)) }
      for store in [whole, pieces] { _ = try DeletionJob.run(store, ids, reason: "test") }
    }
    for name in ["tasks", "topics"] { #expect(try ReplayJob.run(pieces, grouping: name).isSame) }
    let snapshots = try [whole, pieces].map { try Pending.snapshot($0, name: "s").digest }
    #expect(snapshots[0] == snapshots[1])
    try pieces.write { try $0.dropGrouping(named: "both") }
    #expect(try pieces.verify().isSound)
  }

  /// A stop is what a kill leaves: each slice is durable, and what comes after starts from the store alone.
  @Test(arguments: [UInt64(1), 2])
  func anyStopGoesOnToTheSameStore(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let folder = try TemporaryFolder()
    let whole = try Self.prepared(folder.file("whole"))
    _ = try Pending.group(whole)
    let path = folder.file("pieces")
    _ = try Self.prepared(path)
    var stops = 0
    var halfWritten = 0
    while true {
      let store = try Store.open(at: path, access: .owner(name: "test"))
      do {
        let count = Int.random(in: 1...25, using: &random)
        _ = try Pending.group(store, control: Self.sliced(Int.random(in: 90...900, using: &random), stopAfter: count))
        break
      } catch let error as CohortError {
        #expect(error.category == .interrupted, "seed \(seed): \(error)")
        stops += 1
      }
      let pending = try store.read { try $0.groupings().compactMap { $0.generations?.pending } }
      halfWritten += pending.count
      #expect(try store.verify().isSound, "seed \(seed), stop \(stops)")
    }
    let store = try Store.open(at: path, access: .owner(name: "test"))
    #expect(try Self.content(store) == Self.content(whole), "seed \(seed)")
    #expect(stops > 3 && halfWritten > 0, "seed \(seed): \(stops) stops, \(halfWritten) in the middle of a round")
  }

  @Test func readersSeeTheLastCompleteGeneration() throws {
    let folder = try TemporaryFolder()
    let store = try Self.prepared(folder.file("store"))
    _ = try Pending.group(store, only: "tasks")
    let states = Mutex<[String: Set<String>]>([:])
    var control = Self.sliced(300)
    control.report = { _ in
      do {
        let content = try Self.content(store)
        // By the position of the grouping in the feed: one content each.
        let position = String(content[1].prefix { $0 != ")" })
        states.withLock { _ = $0[position, default: []].insert(content[1]) }
      } catch {
        Issue.record(error)
      }
    }
    _ = try Pending.group(store, only: "topics", control: control)
    states.withLock { states in
      #expect(states.count > 3)
      for (position, contents) in states { #expect(contents.count == 1, "\(position)") }
    }
  }
}
